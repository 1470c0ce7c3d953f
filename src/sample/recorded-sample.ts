import { type DType, dtypeOfName } from "../graph/dtype.ts";

/** Where samples that travel with the model lie, beside the manifest; TorchServe ignores them. */
export const samplesFolder = "MAR-INF/samples";

/** `MAR-INF/samples/<n>/sample.json`; the tensors are `.npy` files beside it. */
export interface RecordedSample {
  readonly schemaVersion: number;
  /** Name of the file that it was made of. */
  readonly name: string;
  readonly preprocessing: string;
  /** The label that must come first; null: nobody said. */
  readonly expect: string | null;
  /** What ran it, e.g. `onnxruntime 1.30.0`. */
  readonly engine: string;
  readonly inputs: readonly RecordedTensor[];
  readonly outputs: readonly RecordedTensor[];
  /** The file itself, as a client sends it to a server; null in records that lack it. */
  readonly request: RecordedRequest | null;
  readonly tolerance: Tolerance;
}

export interface RecordedTensor {
  /** Null: by position. */
  readonly name: string | null;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Beside `sample.json`. */
  readonly file: string;
}

export interface RecordedRequest {
  /** Media type. */
  readonly type: string;
  /** Beside `sample.json`. */
  readonly file: string;
}

/** An output may differ by `absolute` + `relative` × the largest magnitude recorded of it. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

export const sampleSchemaVersion = 1;

/** Processors differ in the last bits of a float; a changed weight moves far more than a thousandth. */
export const defaultTolerance: Tolerance = { absolute: 1e-5, relative: 1e-3 };

/** Reads `sample.json`. Returns the reason as a string when it is none. */
export function readRecorded(text: string): RecordedSample | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "no JSON";
  }
  if (!isRecord(value)) return "no object";
  const { schemaVersion, name, preprocessing, expect = null, engine, tolerance } = value;
  if (schemaVersion !== sampleSchemaVersion) return `schemaVersion is ${JSON.stringify(schemaVersion)}, not 1`;
  if (typeof name !== "string" || typeof preprocessing !== "string" || typeof engine !== "string") {
    return "name, preprocessing and engine are texts";
  }
  if (expect !== null && typeof expect !== "string") return "expect is a text or null";
  const inputs = readTensors(value["inputs"]);
  const outputs = readTensors(value["outputs"]);
  if (inputs === null || outputs === null) return "inputs and outputs list name, dtype, shape and file";
  const request = readRequest(value["request"]);
  if (request === undefined) return "request has type and file";
  if (!isRecord(tolerance)) return "tolerance has absolute and relative";
  const { absolute, relative } = tolerance;
  if (!isTolerance(absolute) || !isTolerance(relative)) return "tolerance has absolute and relative, both 0 or more";
  const rest = { expect, engine, inputs, outputs, request, tolerance: { absolute, relative } };
  return { schemaVersion, name, preprocessing, ...rest };
}

function readTensors(value: unknown): RecordedTensor[] | null {
  if (!Array.isArray(value)) return null;
  const tensors: RecordedTensor[] = [];
  for (const item of value) {
    if (!isRecord(item)) return null;
    const { name = null, dtype, shape, file } = item;
    const known = typeof dtype === "string" ? dtypeOfName(dtype) : null;
    if (known === null || typeof file !== "string" || !/^[\w-]+\.npy$/.test(file)) return null;
    if (name !== null && typeof name !== "string") return null;
    if (!Array.isArray(shape)) return null;
    tensors.push({ name, dtype: known, shape: shape.map(Number), file });
  }
  return tensors;
}

/** Null where there is none; undefined where it is no request. */
function readRequest(value: unknown): RecordedRequest | null | undefined {
  if (value === undefined || value === null) return null;
  if (!isRecord(value)) return undefined;
  const { type, file } = value;
  if (typeof type !== "string" || !/^[\w.+/-]+$/.test(type)) return undefined;
  return typeof file === "string" && /^[\w-]+\.bin$/.test(file) ? { type, file } : undefined;
}

const isTolerance = (value: unknown): value is number => typeof value === "number" && value >= 0;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
