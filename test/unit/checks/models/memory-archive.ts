import type { Archive, Entry } from "../../../../src/archive/archive.ts";
import { memorySource } from "../../../../src/archive/byte-source.ts";
import { archiveSubject } from "../../../../src/checks/archive-subject.ts";
import type { Check, Outcome } from "../../../../src/checks/check.ts";
import { onnxChecks } from "../../../../src/checks/onnx/index.ts";
import { pickleChecks } from "../../../../src/checks/pickle/index.ts";
import { runChecks } from "../../../../src/checks/run-checks.ts";
import { safetensorsChecks } from "../../../../src/checks/safetensors/index.ts";
import { defaultCheckOptions } from "../../../../src/checks/subject.ts";
import type { Subject } from "../../../../src/checks/subject.ts";

const checks: readonly Check[] = [...pickleChecks, ...onnxChecks, ...safetensorsChecks];

/** An archive of these files, opened: what the checks see, without a container around it. */
export function memoryArchive(files: Readonly<Record<string, Uint8Array>>): Archive {
  const entries: Entry[] = Object.entries(files).map(([path, bytes]) => ({
    path,
    kind: "file",
    size: bytes.length,
    packedSize: bytes.length,
    method: "stored",
    mode: null,
    crc32: null,
  }));
  const bytesOf = (entry: Entry): Uint8Array => files[entry.path] ?? new Uint8Array(0);
  return {
    location: "memory.mar",
    container: "zip",
    size: 0,
    entries,
    anomalies: [],
    open: async (entry) => memorySource(bytesOf(entry)),
    async *stream(entry) {
      yield bytesOf(entry);
    },
    digests: async () => ({ of: new Map(), anomalies: [], refused: null }),
    close: async () => {},
  };
}

/** The files packed as TorchServe wants them, with `model` as the serialized file. */
export function archiveOf(model: string, files: Readonly<Record<string, Uint8Array>>): Archive {
  const manifest = { runtime: "python", model: { modelName: "m", serializedFile: model, handler: "handler.py" } };
  const handler = Buffer.from("def handle(data, context):\n    return data\n");
  const bytes = Buffer.from(JSON.stringify(manifest));
  return memoryArchive({ "MAR-INF/MANIFEST.json": bytes, "handler.py": handler, ...files });
}

/** What failed, by check id. */
export interface Verdict {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  readonly outcomes: readonly Outcome[];
}

export async function judge(archive: Archive, allowGlobals: readonly string[] = []): Promise<Verdict> {
  return judgeSubject(archiveSubject(archive, { ...defaultCheckOptions, allowGlobals }));
}

export async function judgeSubject(subject: Subject): Promise<Verdict> {
  const outcomes = await runChecks(subject, checks, { static: true, stops: () => false });
  const failed = (severity: string): string[] =>
    outcomes.filter((one) => one.status === "failed" && one.check.severity === severity).map((one) => one.check.id);
  return { errors: failed("error"), warnings: failed("warning"), notes: failed("note"), outcomes };
}

/** One model file, packed and judged. */
export function judgeModel(path: string, bytes: Uint8Array, allowGlobals: readonly string[] = []): Promise<Verdict> {
  return judge(archiveOf(path, { [path]: bytes }), allowGlobals);
}
