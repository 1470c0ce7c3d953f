import { Output, UnpackError } from "./output.ts";

/** Bits from the most significant on. */
class Bits {
  private readonly bytes: Uint8Array;
  private at: number;
  private held = 0;
  private count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  read(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--) value = value * 2 + this.bit();
    return value;
  }

  bit(): number {
    if (this.count === 0) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new UnpackError("bzip2 data is cut off");
      this.held = byte;
      this.count = 8;
    }
    this.count -= 1;
    return (this.held >> this.count) & 1;
  }

  /** Drops the rest of the byte and tells where the next one is. */
  align(): number {
    this.count = 0;
    return this.at;
  }
}

const blockMagic = 0x314159265359;
const endMagic = 0x177245385090;
const groupSize = 50;
const codeLimit = 20;

/** The bzip2 format (https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf); streams may follow each other. */
export function unpackBzip2(bytes: Uint8Array, limit: number): Uint8Array {
  const out = new Output(limit);
  for (let at = 0; at + 4 < bytes.length;) {
    const level = (bytes[at + 3] ?? 0) - 0x30;
    if (bytes[at] !== 0x42 || bytes[at + 1] !== 0x5a || bytes[at + 2] !== 0x68 || level < 1 || level > 9) {
      if (at === 0) throw new UnpackError("no bzip2 stream");
      break;
    }
    at = readStream(bytes, at + 4, level * 100_000, out);
  }
  return out.result();
}

function readStream(bytes: Uint8Array, start: number, blockSize: number, out: Output): number {
  const bits = new Bits(bytes, start);
  for (;;) {
    const magic = bits.read(24) * 2 ** 24 + bits.read(24);
    bits.read(32);
    if (magic === endMagic) return bits.align();
    if (magic !== blockMagic) throw new UnpackError("bad bzip2 block");
    readBlock(bits, blockSize, out);
  }
}

function readBlock(bits: Bits, blockSize: number, out: Output): void {
  if (bits.bit() !== 0) throw new UnpackError("randomised bzip2 block");
  const origin = bits.read(24);
  const symbols = readSymbols(bits);
  const groups = bits.read(3);
  if (groups < 2 || groups > 6) throw new UnpackError("bad bzip2 block");
  const selectors = readSelectors(bits, groups);
  const tables = Array.from({ length: groups }, () => readTable(bits, symbols.length + 2));
  const column = readColumn(bits, symbols, selectors, tables, blockSize);
  if (origin >= column.length) throw new UnpackError("bad bzip2 block");
  writeBlock(column, origin, out);
}

function readSymbols(bits: Bits): number[] {
  const rows = bits.read(16);
  const out: number[] = [];
  for (let row = 0; row < 16; row++) {
    if (((rows >> (15 - row)) & 1) === 0) continue;
    const columns = bits.read(16);
    for (let column = 0; column < 16; column++) if (((columns >> (15 - column)) & 1) === 1) out.push(row * 16 + column);
  }
  return out;
}

function moveToFront(list: number[], index: number): number {
  const [value = 0] = list.splice(index, 1);
  list.unshift(value);
  return value;
}

function readSelectors(bits: Bits, groups: number): number[] {
  const count = bits.read(15);
  const order = Array.from({ length: groups }, (_, index) => index);
  const out: number[] = [];
  for (let index = 0; index < count; index++) {
    let position = 0;
    while (bits.bit() === 1) if (++position >= groups) throw new UnpackError("bad bzip2 selector");
    out.push(moveToFront(order, position));
  }
  return out;
}

/** A canonical Huffman code: per length, the first code, and the symbols in order. */
interface Table {
  readonly counts: readonly number[];
  readonly sorted: readonly number[];
}

function readTable(bits: Bits, size: number): Table {
  const lengths: number[] = [];
  let length = bits.read(5);
  for (let symbol = 0; symbol < size; symbol++) {
    while (bits.bit() === 1) length += bits.bit() === 0 ? 1 : -1;
    if (length < 1 || length > codeLimit) throw new UnpackError("bad bzip2 code length");
    lengths.push(length);
  }
  const counts = Array.from({ length: codeLimit + 1 }, (_, bit) => lengths.filter((one) => one === bit).length);
  const sorted = [...lengths.keys()].toSorted((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  return { counts, sorted };
}

function readSymbol(bits: Bits, table: Table): number {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= codeLimit; length++) {
    code = code * 2 + bits.bit();
    const count = table.counts[length] ?? 0;
    if (code - first < count) return table.sorted[index + code - first] ?? 0;
    index += count;
    first = (first + count) * 2;
  }
  throw new UnpackError("bad bzip2 code");
}

/** Huffman codes to run lengths and moves to the front: the last column of the sorted block. */
function readColumn(
  bits: Bits,
  symbols: number[],
  selectors: readonly number[],
  tables: readonly Table[],
  blockSize: number,
): Uint8Array {
  const order = [...symbols];
  const column = new Uint8Array(blockSize);
  const end = symbols.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let read = 0; ; read++) {
    const table = tables[selectors[Math.floor(read / groupSize)] ?? -1];
    if (table === undefined) throw new UnpackError("bad bzip2 selector");
    const symbol = readSymbol(bits, table);
    if (symbol <= 1) {
      run += weight << symbol;
      weight *= 2;
      if (run > blockSize) throw new UnpackError("bzip2 run is too long");
      continue;
    }
    if (length + run > blockSize) throw new UnpackError("bzip2 block is too long");
    column.fill(order[0] ?? 0, length, length + run);
    length += run;
    run = 0;
    weight = 1;
    if (symbol === end) return column.subarray(0, length);
    if (length >= blockSize) throw new UnpackError("bzip2 block is too long");
    column[length++] = moveToFront(order, symbol - 1);
  }
}

/** Undoes the Burrows-Wheeler transform, then the run-length code: four equal bytes and a count of more. */
function writeBlock(column: Uint8Array, origin: number, out: Output): void {
  const starts = new Uint32Array(257);
  for (const byte of column) starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
  for (let byte = 0; byte < 256; byte++) starts[byte + 1] = (starts[byte + 1] ?? 0) + (starts[byte] ?? 0);
  const next = new Uint32Array(column.length);
  for (const [index, byte] of column.entries()) {
    const slot = starts[byte] ?? 0;
    starts[byte] = slot + 1;
    next[slot] = index;
  }
  let at = next[origin] ?? 0;
  let last = -1;
  let equal = 0;
  for (let count = 0; count < column.length; count++) {
    const byte = column[at] ?? 0;
    at = next[at] ?? 0;
    if (equal === 4) {
      for (let index = 0; index < byte; index++) out.push(last);
      equal = 0;
      last = -1;
      continue;
    }
    equal = byte === last ? equal + 1 : 1;
    last = byte;
    out.push(byte);
  }
}
