import type { DigestedTensor } from "./tensor-pass.ts";

/** Where `archive --tensor-digests` writes them, beside the manifest; TorchServe ignores it. */
export const recordedTensorsPath = "MAR-INF/tensors.json";

const schemaVersion = 1;
/** Bytes of the largest record that is read: some 300,000 tensors. */
export const recordLimit = 64 << 20;

/** The digests of a file's tensors, and of the entries that they were read from. */
export interface RecordedFile {
  readonly path: string;
  /** SHA-256 by path. */
  readonly entries: Readonly<Record<string, string>>;
  readonly tensors: readonly DigestedTensor[];
}

export function writeRecordedTensors(files: readonly RecordedFile[]): string {
  return `${JSON.stringify({ schemaVersion, algorithm: "sha256", files })}\n`;
}

/** The files of a record, by their paths; empty for a text that is none. */
export function readRecordedTensors(text: string | null): ReadonlyMap<string, RecordedFile> {
  const document = record(parse(text ?? ""));
  const { algorithm, files } = document;
  if (document["schemaVersion"] !== schemaVersion || algorithm !== "sha256" || !Array.isArray(files)) return new Map();
  const read = files.map(readFile);
  return new Map(read.flatMap((file) => (file === null ? [] : [[file.path, file]])));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

const isDigest = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/u.test(value);

function readFile(value: unknown): RecordedFile | null {
  const { path, entries, tensors } = record(value);
  const digests = Object.entries(record(entries));
  if (typeof path !== "string" || digests.length === 0 || !Array.isArray(tensors)) return null;
  const known: Record<string, string> = Object.create(null);
  for (const [name, digest] of digests) {
    if (!isDigest(digest)) return null;
    known[name] = digest;
  }
  const read = tensors.map(readTensor);
  const sound = read.filter((tensor) => tensor !== null);
  return sound.length === read.length ? { path, entries: known, tensors: sound } : null;
}

function readTensor(value: unknown): DigestedTensor | null {
  const { name, dtype, shape, strides, sha256 } = record(value);
  const dims = sizes(shape);
  const steps = strides === null ? null : sizes(strides);
  if (typeof name !== "string" || typeof dtype !== "string" || !isDigest(sha256)) return null;
  if (dims === null || (strides !== null && steps === null)) return null;
  return { name, dtype, shape: dims, strides: steps, sha256 };
}

function sizes(value: unknown): number[] | null {
  if (!Array.isArray(value)) return null;
  const read = value.filter((size): size is number => Number.isSafeInteger(size));
  return read.length === value.length ? read : null;
}
