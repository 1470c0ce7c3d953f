import type { ByteSource } from "../archive/byte-source.ts";
import { readStrictJson } from "../manifest/strict-json.ts";
import { MalformedModel } from "./malformed.ts";

/** Bits an element takes, by the format's names. Source: safetensors/src/tensor.rs */
const dtypeBits: Readonly<Record<string, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E5M2FNUZ: 8,
  F8_E4M3FNUZ: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
};

const headerLimit = 100_000_000;

export interface SafetensorsTensor {
  readonly name: string;
  /** The format's own name: `F32`, `BF16`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Offset in the file, and length in bytes. */
  readonly offset: number;
  readonly length: number;
}

/** A safetensors file by its header; everything that does not fit together is in `problems`. */
export interface Safetensors {
  readonly tensors: readonly SafetensorsTensor[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/**
 * Reads the header of a safetensors file (https://github.com/huggingface/safetensors#format): eight bytes of length,
 * JSON, then the data that the tensors must cover without a gap. Throws MalformedModel when there is no such header.
 */
export async function readSafetensors(source: ByteSource): Promise<Safetensors> {
  if (source.size < 8) throw new MalformedModel("safetensors file is shorter than its length field");
  const length = Buffer.from(await source.read(0, 8)).readBigUInt64LE(0);
  if (length > BigInt(headerLimit)) throw new MalformedModel(`safetensors header of ${length} bytes is over 100 MB`);
  const dataStart = 8 + Number(length);
  if (dataStart > source.size) throw new MalformedModel(`safetensors header of ${length} bytes is cut off`);
  const bytes = await source.read(8, Number(length));
  if (bytes[0] !== 0x7b) throw new MalformedModel("safetensors header does not begin with {");
  const { value, issues } = readStrictJson(bytes, headerLimit);
  if (!isRecord(value)) throw new MalformedModel(`safetensors header ${issues[0]?.message ?? "is no JSON object"}`);
  const problems = issues.map(({ pointer, message }) => `header${pointer} ${message}`);
  const tensors: SafetensorsTensor[] = [];
  for (const [name, row] of Object.entries(value)) {
    if (name === "__metadata__") continue;
    const tensor = readTensor(name, row, dataStart, problems);
    if (tensor !== null) tensors.push(tensor);
  }
  const metadata = readMetadata(value["__metadata__"], problems);
  if (problems.length === 0) problems.push(...coverage(tensors, dataStart, source.size));
  return { tensors, metadata, problems };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMetadata(value: unknown, problems: string[]): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) {
    problems.push("__metadata__ is no map of texts");
    return {};
  }
  const out: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === "string") out[key] = text;
    else problems.push(`__metadata__ has ${JSON.stringify(key)} that is no text`);
  }
  return out;
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function readTensor(name: string, row: unknown, dataStart: number, problems: string[]): SafetensorsTensor | null {
  const problem = (what: string): null => {
    problems.push(`tensor ${JSON.stringify(name)} ${what}`);
    return null;
  };
  if (!isRecord(row)) return problem("is no object");
  const { dtype, shape, data_offsets: offsets } = row;
  const bits = typeof dtype === "string" && Object.hasOwn(dtypeBits, dtype) ? dtypeBits[dtype] : undefined;
  if (typeof dtype !== "string" || bits === undefined) return problem(`has the unknown type ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) return problem("has a shape that is no list of sizes");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return problem("has offsets that are no pair of sizes");
  }
  const [begin = 0, end = 0] = offsets.filter(isSize);
  if (end < begin) return problem("ends before it begins");
  const sizes = shape.filter(isSize);
  const needed = (sizes.reduce((product, dim) => product * BigInt(dim), 1n) * BigInt(bits) + 7n) / 8n;
  if (needed !== BigInt(end - begin)) {
    return problem(`needs ${needed} bytes (${dtype} ${sizes.join("x")}), and has ${end - begin}`);
  }
  return { name, dtype, shape: sizes, offset: dataStart + begin, length: end - begin };
}

/** The tensors must cover the data without gap or overlap, to the last byte of the file. */
function* coverage(tensors: readonly SafetensorsTensor[], dataStart: number, size: number): Generator<string> {
  let at = dataStart;
  const sorted = tensors.toSorted((a, b) => a.offset - b.offset || a.length - b.length);
  for (const { name, offset, length } of sorted) {
    if (offset !== at) {
      const how = offset < at ? "overlaps the one before it" : `leaves ${offset - at} bytes unused before it`;
      yield `tensor ${JSON.stringify(name)} ${how}`;
      return;
    }
    at = offset + length;
  }
  if (at !== size) yield `the tensors end at byte ${at}, the file at ${size}`;
}
