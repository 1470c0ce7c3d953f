import { AnomalyError } from "../../archive/archive.ts";
import type { Entry } from "../../archive/archive.ts";
import { MalformedModel } from "../../model/malformed.ts";
import { type OnnxModel, readOnnx } from "../../model/onnx/model.ts";
import { type Finding, type NoAnswer, notApplicable } from "../check.ts";
import type { Subject } from "../subject.ts";

/** An ONNX file of the archive: what it says, or why it cannot be read. */
export type OnnxFile =
  | { readonly entry: Entry; readonly model: OnnxModel }
  | { readonly entry: Entry; readonly model: null; readonly problem: string };

const files = new WeakMap<Subject, Promise<readonly OnnxFile[]>>();

/** The model when it is ONNX by content, and every file that is by name; each is read once for all checks. */
export function onnxFiles(subject: Subject): Promise<readonly OnnxFile[]> {
  let found = files.get(subject);
  if (found === undefined) {
    found = readAll(subject);
    files.set(subject, found);
  }
  return found;
}

async function readAll(subject: Subject): Promise<readonly OnnxFile[]> {
  const model = await subject.model();
  const out: OnnxFile[] = [];
  for (const entry of subject.archive.entries) {
    const isModel = entry === model?.entry && model.format === "onnx";
    if (entry.kind === "file" && (isModel || /\.onnx$/i.test(entry.path))) out.push(await readOne(subject, entry));
  }
  return out;
}

async function readOne(subject: Subject, entry: Entry): Promise<OnnxFile> {
  try {
    const model = await readOnnx(await subject.archive.open(entry));
    if (model.graph === null && model.opsets.size === 0) throw new MalformedModel("the file has no graph");
    return { entry, model };
  } catch (error) {
    if (error instanceof MalformedModel) return { entry, model: null, problem: error.message };
    // The container's own checks say what is wrong with the entry.
    if (error instanceof AnomalyError) return { entry, model: null, problem: "the entry cannot be unpacked" };
    throw error;
  }
}

/** The files that could be read. */
export async function readableOnnx(subject: Subject): Promise<readonly { entry: Entry; model: OnnxModel }[]> {
  return (await onnxFiles(subject)).flatMap((file) => (file.model === null ? [] : [file]));
}

/** A check's `run`: what `problems` says of each file that could be read; not applicable where there is none. */
export async function* inEachOnnx(
  subject: Subject,
  problems: (model: OnnxModel) => Iterable<string>,
): AsyncGenerator<Finding, NoAnswer | void> {
  const files = await readableOnnx(subject);
  if (files.length === 0) return notApplicable;
  for (const { entry, model } of files) {
    for (const message of problems(model)) yield { message, at: entry.path };
  }
  return undefined;
}
