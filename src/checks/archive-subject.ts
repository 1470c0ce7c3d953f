import { AnomalyError, type Archive, type Entry } from "../archive/archive.ts";
import { isRuinous } from "../archive/limits.ts";
import { manifestPath, type ManifestReading } from "../manifest/manifest.ts";
import { manifestByteLimit, parseManifest } from "../manifest/parse.ts";
import { sniffFormat } from "../model/sniff-format.ts";
import type { Signature } from "../model/signature.ts";
import type { Inference } from "../runtime/inference.ts";
import type { ModelRun, NoRun, Rerun, ServedRun } from "../runtime/model-run.ts";
import type { RequestBody } from "../runtime/request-body.ts";
import type { RuntimeInput } from "../runtime/runtime-input.ts";
import { type NoAnswer, skipped } from "./check.ts";
import { modelSignature } from "./model-signature.ts";
import { type CheckOptions, defaultCheckOptions, type Subject, type SubjectModel } from "./subject.ts";

/** Bytes of the largest text that is read unless a check asks for another limit. */
const defaultTextLimit = 1 << 20;

/** Runs the subject's model; given from outside, since it needs an engine. */
export interface ModelRunner {
  run(subject: Subject): Promise<ModelRun>;
  rerun(subject: Subject, inputs: readonly RuntimeInput[]): Promise<Rerun>;
  /** Of a runner that is a server, and takes what its clients send. */
  request?(subject: Subject, body: RequestBody): Promise<ServedRun>;
  /** Ends what the run started. */
  close?(): Promise<void>;
}

const noRun: NoRun = { stage: "skipped", reason: "no engine was given", advice: [] };
const noEngine: ModelRunner = { run: async () => noRun, rerun: async () => noRun };

/** What checks look at: reads each thing of the archive once, when the first check asks for it. */
export function archiveSubject(
  archive: Archive,
  options: CheckOptions = defaultCheckOptions,
  runner: ModelRunner = noEngine,
): Subject {
  const entries = new Map<string, Entry>();
  for (const entry of archive.entries) if (!entries.has(entry.path)) entries.set(entry.path, entry);

  const content = new Map<string, Promise<Uint8Array | null>>();
  const bytes = (path: string, limit = defaultTextLimit): Promise<Uint8Array | null> => {
    const entry = entries.get(path);
    if (entry?.kind !== "file" || entry.size > limit || entry.method === "unsupported") return Promise.resolve(null);
    let found = content.get(path);
    if (!found) {
      found = readAll(archive, entry);
      content.set(path, found);
    }
    return found;
  };
  const manifest = once(async (): Promise<ManifestReading | null> => {
    if (archive.container === "bare" || !entries.has(manifestPath)) return null;
    const byteLimit = manifestByteLimit(archive.entries.length);
    const document = await bytes(manifestPath, byteLimit);
    return document === null ? unreadableManifest : parseManifest(document, { byteLimit });
  });
  const model = once(async (): Promise<SubjectModel | null> => {
    const file = archive.container === "bare" ? archive.entries[0]?.path : await serializedFile(manifest());
    const entry = file === undefined ? undefined : entries.get(file);
    return entry?.kind === "file" ? openModel(archive, entry) : null;
  });
  const signature = once(async (): Promise<Signature | null> => {
    const found = await model();
    return found && modelSignature(found.source, found.format);
  });
  const modelRun = once(() => runner.run(subject));

  const subject: Subject = {
    archive,
    options,
    entry: (path) => entries.get(path) ?? null,
    manifest,
    bytes,
    text: async (path, limit) => decode(await bytes(path, limit)),
    model,
    signature,
    modelRun,
    rerun: (inputs) => runner.rerun(subject, inputs),
    request: runner.request === undefined ? null : (body) => runner.request?.(subject, body) ?? Promise.resolve(noRun),
    inference: async () => inferenceOf(await modelRun()),
  };
  return subject;
}

async function openModel(archive: Archive, entry: Entry): Promise<SubjectModel | null> {
  // A bomb is not unpacked to see what it is: a check of the container says so.
  if (entry.method === "deflated" && archive.anomalies.some(isRuinous)) return null;
  try {
    const source = await archive.open(entry);
    return { entry, source, format: await sniffFormat(source) };
  } catch (error) {
    if (error instanceof AnomalyError) return null; // A check of the container says so.
    throw error;
  }
}

const unreadableManifest: ManifestReading = {
  manifest: null,
  issues: [{ rule: "size", pointer: "", message: "too large, or not what the container declares", severity: "error" }],
};

function inferenceOf(run: ModelRun): Inference | NoAnswer {
  switch (run.stage) {
    case "done":
      return run.inference;
    case "skipped":
      return skipped(run.reason);
    case "load":
      return skipped("the model does not load");
    case "run":
      return skipped("the model does not run");
  }
}

async function serializedFile(reading: Promise<ManifestReading | null>): Promise<string | undefined> {
  return (await reading)?.manifest?.model.serializedFile;
}

async function readAll(archive: Archive, entry: Entry): Promise<Uint8Array | null> {
  const blocks: Uint8Array[] = [];
  try {
    for await (const block of archive.stream(entry)) blocks.push(block);
  } catch (error) {
    if (error instanceof AnomalyError) return null; // A check of the container says so.
    throw error;
  }
  return Buffer.concat(blocks);
}

function decode(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
