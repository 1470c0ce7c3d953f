import { mkdir, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { privateFolder } from "../../archive/private-folder.ts";
import type { Entry } from "../../archive/archive.ts";
import { dummyInputs, givenInputs } from "../../runtime/dummy-input.ts";
import { fillName } from "../../runtime/fill.ts";
import type { FailedRun, ModelRun, NoRun, Rerun } from "../../runtime/model-run.ts";
import type { RuntimeInput } from "../../runtime/runtime-input.ts";
import { EngineFailure } from "../../runtime/session.ts";
import { numbersOf, summarize } from "../../runtime/summary.ts";
import {
  runTorch,
  type TorchEngineOptions,
  TorchFailure,
  type TorchRan,
  type TorchRequest,
} from "../../runtime/torch-engine.ts";
import type { ModelRunner } from "../archive-subject.ts";
import type { Subject, SubjectModel } from "../subject.ts";
import type { PrepareOptions } from "./prepare.ts";

export interface TorchRunnerOptions extends PrepareOptions, TorchEngineOptions {}

/**
 * Runs models in the user's own PyTorch (`--engine torch`): programs, and checkpoints whose class is in a model file of
 * the archive. It executes the archive's code, in a process and a folder of its own.
 */
export function torchRunner(options: TorchRunnerOptions): ModelRunner {
  return {
    async run(subject) {
      const inputs = await inputsOf(subject, options);
      const ran = await inFolder(subject, inputs, options);
      return "stage" in ran ? ran : doneRun(ran, inputs);
    },
    async rerun(subject, inputs): Promise<Rerun> {
      const ran = await inFolder(subject, inputs, options);
      return "stage" in ran ? ran : { stage: "done", outputs: ran.outputs };
    },
  };
}

function doneRun(ran: TorchRan, inputs: readonly RuntimeInput[]): ModelRun {
  const { engine, outputs, loadMs, runMs, differences, stateful } = ran;
  const tensors = inputs.flatMap((input, i) => (input.kind === "tensor" ? [{ input, i }] : []));
  return {
    stage: "done",
    inference: {
      engine,
      inputs: tensors.map(({ input: { name, dtype, shape, fill }, i }) => ({
        name: name ?? `input_${i}`,
        dtype,
        shape,
        fill: fillName(fill),
      })),
      outputs: outputs.map(({ name, dtype, shape, bytes }) => summarize(name, dtype, shape, numbersOf(dtype, bytes))),
      loadMs: Math.round(loadMs * 10) / 10,
      runMs: Math.round(runMs * 10) / 10,
    },
    inputs,
    unstable: differences.flatMap((difference, i) =>
      difference > 0 ? [{ name: outputs[i]?.name ?? `output_${i}`, difference }] : [],
    ),
    stateful,
  };
}

/** What to run in PyTorch, its files unpacked to `folder`. */
export async function torchRequest(
  subject: Subject,
  folder: string,
  options: PrepareOptions,
  given: readonly RuntimeInput[] | null,
): Promise<TorchRequest | NoRun> {
  const request = await requestOf(subject, folder);
  return "stage" in request ? request : { ...request, inputs: given ?? (await inputsOf(subject, options)) };
}

async function inFolder(
  subject: Subject,
  inputs: readonly RuntimeInput[],
  options: TorchRunnerOptions,
): Promise<TorchRan | NoRun | FailedRun> {
  const folder = await privateFolder(options.tmpDir);
  try {
    const request = await torchRequest(subject, folder.path, options, inputs);
    return "stage" in request ? request : await runTorch(folder.path, request, options);
  } catch (error) {
    return torchFailed(error);
  } finally {
    await folder.remove();
  }
}

export function torchFailed(error: unknown): NoRun | FailedRun {
  if (error instanceof TorchFailure) return { stage: error.stage, failure: { message: error.message, at: null } };
  if (!(error instanceof EngineFailure)) throw error;
  if (error.problem !== "missing") return { stage: "load", failure: { message: error.message, at: null } };
  const remedy = "Name a Python that has PyTorch with --python, or install it: pip install torch.";
  return {
    stage: "skipped",
    reason: "PyTorch is not installed",
    advice: [{ message: error.message, at: null, remedy }],
  };
}

async function requestOf(subject: Subject, folder: string): Promise<Omit<TorchRequest, "inputs"> | NoRun> {
  const model = await subject.model();
  if (model === null) return skip("the archive names no model file");
  if (model.format === "torchscript" || model.format === "torch-export") {
    return { format: model.format, model: await unpack(subject, model.entry, folder) };
  }
  if (model.format !== "torch-zip" && model.format !== "torch-legacy") {
    return skip(`PyTorch does not load ${model.entry.path}`);
  }
  const modelFile = (await subject.manifest())?.manifest?.model.modelFile;
  const code = modelFile === undefined ? null : subject.entry(modelFile);
  if (code === null) return skip("a checkpoint runs only with the model file that has its class");
  for (const entry of subject.archive.entries) {
    if (entry.kind === "file" && entry.path.endsWith(".py")) await unpack(subject, entry, join(folder, "code"));
  }
  return {
    format: "eager",
    model: await unpack(subject, model.entry, folder),
    modelFile: join(folder, "code", safePath(code.path)),
    codeFolder: join(folder, "code"),
  };
}

function skip(reason: string): NoRun {
  return { stage: "skipped", reason, advice: [] };
}

/** A path below a folder, whatever the archive calls the entry. The container's checks refused hostile names before. */
function safePath(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== "" && part !== "." && part !== "..");
  return parts.length === 0 ? "model" : join(...parts);
}

async function unpack(subject: Subject, entry: Entry, folder: string): Promise<string> {
  const path = join(folder, safePath(entry.path === "" ? basename(subject.archive.location) : entry.path));
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "wx", 0o600);
  try {
    for await (const block of subject.archive.stream(entry)) await file.write(block);
  } finally {
    await file.close();
  }
  return path;
}

async function inputsOf(subject: Subject, options: PrepareOptions): Promise<readonly RuntimeInput[]> {
  if (options.inputs.length > 0) return givenInputs(options.inputs, options);
  const model = await subject.model();
  const recorded = model === null ? null : await recordedInputs(model);
  if (recorded !== null) return recorded;
  const declared = (await subject.signature())?.inputs ?? [];
  const inputs = declared.length > 0 ? dummyInputs(declared, [], options) : picture(options);
  return typeof inputs === "string" ? picture(options) : inputs;
}

/** What our own lowering would feed: shapes that tracing or exporting recorded. */
async function recordedInputs({ source, format }: SubjectModel): Promise<readonly RuntimeInput[] | null> {
  if (format !== "torchscript" && format !== "torch-export") return null;
  const { lowerTorch } = await import("../../torchscript/lower.ts");
  try {
    return (await lowerTorch(source, format, [], {})).inputs;
  } catch {
    return null; // PyTorch itself will say what is wrong.
  }
}

function picture(options: PrepareOptions): RuntimeInput[] {
  return givenInputs([{ kind: "tensor", name: null, shape: [1, 3, 224, 224], dtype: null, fill: null }], options);
}
