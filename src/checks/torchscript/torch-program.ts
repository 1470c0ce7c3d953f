import type { JsonObject } from "../../torchscript/exported/json.ts";
import { openProgramFile, type ProgramFile } from "../../torchscript/exported/program-file.ts";
import { readTorchScript, type TorchScriptFile } from "../../torchscript/file/torchscript-file.ts";
import type { Subject } from "../subject.ts";

/** A PyTorch program that was read, or why it could not be. */
export type TorchProgram =
  | { readonly kind: "script"; readonly entry: string; readonly file: TorchScriptFile }
  | { readonly kind: "export"; readonly entry: string; readonly file: ProgramFile; readonly graph: JsonObject }
  | { readonly kind: "broken"; readonly entry: string; readonly error: unknown };

const known = new WeakMap<Subject, Promise<TorchProgram | null>>();

/** The subject's model as a PyTorch program, read once; null for a model of another format. */
export function torchProgram(subject: Subject): Promise<TorchProgram | null> {
  let program = known.get(subject);
  if (program === undefined) {
    program = read(subject);
    known.set(subject, program);
  }
  return program;
}

async function read(subject: Subject): Promise<TorchProgram | null> {
  const model = await subject.model();
  if (model === null || (model.format !== "torchscript" && model.format !== "torch-export")) return null;
  const entry = model.entry.path;
  try {
    if (model.format === "torchscript") {
      const file = await readTorchScript(model.source);
      for (const record of file.program.files) file.program.file(record); // A file that cannot be parsed shows here.
      return { kind: "script", entry, file };
    }
    const file = await openProgramFile(model.source);
    return { kind: "export", entry, file, graph: file.program.object("graph_module").object("graph") };
  } catch (error) {
    return { kind: "broken", entry, error };
  }
}
