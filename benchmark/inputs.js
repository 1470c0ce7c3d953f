// What is measured on, made in a temporary folder: the same bytes on every machine.
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const block = 1 << 22;

/** Numbers of xorshift32: the same everywhere, and no pattern that deflate finds. */
function numbers(seed) {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** Trained fp32 weights: normal around 0 with a deviation of 0.02, so that exponents repeat and mantissas are noise. */
function weights(next) {
  const values = new Float32Array(block / 4);
  for (let i = 0; i < values.length; i += 1) {
    const radius = Math.sqrt(-2 * Math.log((next() + 1) / 4294967297));
    values[i] = 0.02 * radius * Math.cos((next() / 4294967296) * 2 * Math.PI);
  }
  return new Uint8Array(values.buffer);
}

/** Quantized weights: normal with a deviation of 12 of 256. */
function int8(next) {
  const values = new Int8Array(block);
  for (let i = 0; i < values.length; i += 1) values[i] = ((next() & 63) + (next() & 63) + (next() & 63) - 96) >> 1;
  return new Uint8Array(values.buffer);
}

/** A vocabulary: words of a made-up language, one a line. */
function text(next) {
  const syllables = ["ka", "to", "ri", "men", "sol", "ve", "ing", "er", "st", "an", "qu", "lo", "pre", "ti", "on"];
  const parts = [];
  for (let size = 0; size < block;) {
    const count = 1 + (next() % 4);
    let word = "";
    for (let i = 0; i < count; i += 1) word += syllables[next() % syllables.length];
    parts.push(word);
    size += word.length + 1;
  }
  return Buffer.from(`${parts.join("\n")}\n`).subarray(0, block);
}

/** Blocks differ in their first bytes and their order of parts, so that no block is a copy of another. */
function fill(path, megabytes, make, seed) {
  const next = numbers(seed);
  const sources = [make(next), make(next), make(next), make(next)];
  const file = openSync(path, "w");
  const mixed = Buffer.alloc(block);
  for (let done = 0; done < megabytes * 2 ** 20; done += block) {
    const source = sources[next() % sources.length];
    const turn = (next() % block) & ~3;
    mixed.set(source.subarray(turn), 0);
    mixed.set(source.subarray(0, turn), block - turn);
    writeSync(file, mixed, 0, Math.min(block, megabytes * 2 ** 20 - done));
  }
  closeSync(file);
}

/** A safetensors file of `bytes`, all zeros and not on the disk. */
function sparse(path, bytes) {
  const header = JSON.stringify({
    w: { dtype: "F32", shape: [bytes / 4], data_offsets: [0, bytes] },
  });
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
  const head = Buffer.alloc(8 + padded.length);
  head.writeBigUInt64LE(BigInt(padded.length), 0);
  head.write(padded, 8);
  const file = openSync(path, "w");
  writeSync(file, head);
  ftruncateSync(file, head.length + bytes);
  closeSync(file);
}

/** A file of zeros that takes no room. */
export function sparseFile(path, bytes) {
  const file = openSync(path, "w");
  ftruncateSync(file, bytes);
  closeSync(file);
}

const tmpfs = 0x01021994;

/**
 * Writes and frees as much memory as the next run will write, when the folder lies in memory. A virtual machine gives
 * free pages back to its host; the first who touches them again pays several times what copying costs.
 */
export function touchPages(folder, bytes) {
  if (statfsSync(folder).type !== tmpfs) return;
  const path = join(folder, "pages");
  const file = openSync(path, "w");
  const zeros = Buffer.alloc(block);
  for (let done = 0; done < bytes; done += block) writeSync(file, zeros);
  closeSync(file);
  unlinkSync(path);
}

export function writeHandler(folder) {
  writeFileSync(join(folder, "handler.py"), "def handle(data, context):\n    return data\n");
}

/** `weights.bin`: megabytes of fp32 numbers. */
export function makeWeights(folder, megabytes) {
  fill(join(folder, "weights.bin"), megabytes, weights, 1);
}

/** Makes all inputs below `folder`; `weightsMb` and `textMb` are megabytes of 2^20 bytes. */
export function makeInputs(folder, { weightsMb, textMb }) {
  mkdirSync(folder, { recursive: true });
  const at = (name) => join(folder, name);
  writeHandler(folder);
  makeWeights(folder, weightsMb);
  fill(at("int8.bin"), textMb / 2, int8, 2);
  fill(at("vocab.txt"), textMb / 2, text, 3);
  writeFileSync(at("small.bin"), weights(numbers(4)).subarray(0, 20_000));
  sparse(at("small.safetensors"), 100 * 2 ** 20);
  sparse(at("large.safetensors"), 10 * 2 ** 30);
  return at;
}
