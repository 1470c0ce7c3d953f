import { type ByteSource } from "../../archive/byte-source.ts";
import { MalformedModel } from "../malformed.ts";
import { ReadWindow } from "../read-window.ts";
import { decodeUtf8, parseFloatLine, parseIndex, parseInteger, parseString, parseUnicode } from "./literals.ts";
import { type Opcode, opcodeOf, type OpName } from "./opcodes.ts";

/**
 * An opcode's argument. `at` and `length` say where the payload lies in the source; texts and bytes above `keepLimit`
 * are not read, their `text` or `bytes` is null.
 */
export type Argument =
  | { readonly kind: "none" }
  | { readonly kind: "int"; readonly value: number | bigint }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "float"; readonly value: number }
  /** `python2`: a byte string of Python 2, shown as Latin-1. */
  | {
      readonly kind: "text";
      readonly text: string | null;
      readonly at: number;
      readonly length: number;
      readonly python2: boolean;
    }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array | null; readonly at: number; readonly length: number }
  | { readonly kind: "names"; readonly module: string; readonly name: string };

export interface Op {
  readonly name: OpName;
  /** Offset of the opcode in the source. */
  readonly at: number;
  readonly argument: Argument;
}

/** Payloads up to this are read; a memory limit, and enough for any name. */
const keepLimit = 1 << 16;
/** A longer line of text is refused, not read: ten gigabytes of zeros would take half a minute. */
const lineLimit = 64 << 20;
/** The same for names, identifiers and indexes, none of which Python could use at this length. */
const nameLimit = 1 << 20;
const batchSize = 4096;
const none: Argument = { kind: "none" };
const smallInts: readonly Argument[] = Array.from({ length: 256 }, (_, value) => ({ kind: "int", value }));
/** No opcode has this number. */
const noOpcode = -1;

/**
 * Reads one pickle stream, opcode by opcode, and executes nothing. Memory is bounded and payloads are jumped over, so
 * the time grows with the number of opcodes and not with the size of arrays.
 * Format: CPython's Lib/pickletools.py.
 */
export class PickleReader {
  private readonly window: ReadWindow;
  private readonly end: number;
  private failure: unknown = null;
  /** Offset of the next opcode; behind STOP once the stream is done. */
  at: number;
  done = false;

  constructor(source: ByteSource, start = 0, end = source.size) {
    this.window = new ReadWindow(source);
    this.at = start;
    this.end = end;
  }

  /**
   * The next opcodes, some thousands at most and none behind a BUILD; none at all after STOP. Throws MalformedModel
   * where the stream breaks the format or ends without STOP; the opcodes before that place were handed out first.
   * (joblib writes arrays into the stream behind the BUILD of their wrapper: `at` may be moved over them.)
   */
  async batch(): Promise<Op[]> {
    if (this.failure !== null) throw this.failure;
    const out: Op[] = [];
    try {
      while (!this.done && out.length < batchSize && out.at(-1)?.name !== "BUILD")
        out.push(this.quick() ?? (await this.next()));
    } catch (error) {
      if (out.length === 0) throw error;
      this.failure = error;
    }
    return out;
  }

  /** The opcodes that make up nearly all of every pickle, when they are in memory: without a promise each. */
  private quick(): Op | null {
    const { at, window } = this;
    const opcode = at < this.end ? opcodeOf(window.byte(at) ?? noOpcode) : null;
    if (opcode === null || opcode.name === "STOP" || opcode.name === "PROTO") return null;
    if (opcode.argument === "none") {
      this.at = at + 1;
      return { name: opcode.name, at, argument: none };
    }
    if (opcode.argument === "u1") {
      const value = at + 1 < this.end ? window.byte(at + 1) : undefined;
      if (value === undefined) return null;
      this.at = at + 2;
      return { name: opcode.name, at, argument: smallInts[value] ?? none };
    }
    return opcode.argument === "text1" || opcode.argument === "text4" ? this.quickText(opcode) : null;
  }

  private quickText(opcode: Opcode): Op | null {
    const { at, window } = this;
    const long = opcode.argument === "text4";
    if (long && !(window.byte(at + 2) === 0 && window.byte(at + 3) === 0 && window.byte(at + 4) === 0)) return null;
    const start = at + (long ? 5 : 2);
    const length = window.byte(at + 1) ?? 0;
    if (start + length > this.end || !window.has(at, start + length - at)) return null;
    const text = decodeUtf8(window.view(start, length));
    if (text === null) return null;
    this.at = start + length;
    return { name: opcode.name, at, argument: { kind: "text", text, at: start, length, python2: false } };
  }

  private async next(): Promise<Op> {
    const { at } = this;
    if (at >= this.end) throw new MalformedModel("pickle ends without STOP", at);
    const head = await this.bytes(Math.min(9, this.end - at));
    const opcode = opcodeOf(head[0] ?? 0);
    if (opcode === null) throw new MalformedModel(`byte 0x${(head[0] ?? 0).toString(16)} is no pickle opcode`, at);
    const argument = opcode.argument === "none" ? none : await this.argument(opcode, head);
    if (opcode.argument === "none") this.at = at + 1;
    if (opcode.name === "STOP") this.done = true;
    return { name: opcode.name, at, argument };
  }

  private async bytes(length: number): Promise<Uint8Array> {
    const { window, at } = this;
    if (!window.has(at, length)) await window.load(at, length);
    return window.view(at, length);
  }

  private async argument(opcode: Opcode, head: Uint8Array): Promise<Argument> {
    const kind = opcode.argument;
    if (kind === "lines") return this.names();
    if (kind.startsWith("line")) return this.line(opcode);
    const width = fixedWidths[kind] ?? lengthWidths[kind] ?? 0;
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    if (head.length < 1 + width) throw new MalformedModel(`${opcode.name} is cut off`, this.at);
    this.at += 1 + width;
    const value = readNumber(kind, view);
    if (kind in fixedWidths) {
      if (kind === "f8") return { kind: "float", value: view.getFloat64(1) };
      if (opcode.name === "PROTO" && value > 5) throw new MalformedModel(`pickle protocol ${value}`, this.at - 2);
      if (opcode.name === "FRAME") this.checkLength(opcode, value);
      return { kind: "int", value };
    }
    return this.payload(opcode, value);
  }

  private checkLength(opcode: Opcode, length: number | bigint): number {
    if (length < 0 || length > this.end - this.at) {
      throw new MalformedModel(`${opcode.name} of ${length} bytes is longer than what is left`, this.at);
    }
    return Number(length);
  }

  private async payload(opcode: Opcode, told: number | bigint): Promise<Argument> {
    const length = this.checkLength(opcode, told);
    const { at } = this;
    const bytes = length <= keepLimit ? await this.bytes(length) : null;
    this.at += length;
    const kind = opcode.argument;
    if (kind.startsWith("bytes")) return { kind: "bytes", bytes: bytes && bytes.slice(), at, length };
    if (kind.startsWith("long")) return { kind: "int", value: bytes === null ? 0n : littleEndian(bytes) };
    if (kind.startsWith("string")) {
      const text = bytes && Buffer.from(bytes).toString("latin1");
      return { kind: "text", text, at, length, python2: true };
    }
    const text = bytes && decodeUtf8(bytes);
    if (bytes !== null && text === null) throw new MalformedModel(`${opcode.name} is no UTF-8`, at);
    return { kind: "text", text, at, length, python2: false };
  }

  private async names(): Promise<Argument> {
    this.at += 1;
    const module = await this.name();
    return { kind: "names", module, name: await this.name() };
  }

  private async name(): Promise<string> {
    const { at } = this;
    const line = await this.lineBytes(nameLimit);
    const text = line && decodeUtf8(line);
    if (text === null) throw new MalformedModel("name of a global is no short UTF-8 text", at);
    return text;
  }

  private async line(opcode: Opcode): Promise<Argument> {
    const start = this.at;
    this.at += 1;
    const short = opcode.argument === "line-text" || opcode.argument === "line-index";
    const bytes = await this.lineBytes(short ? nameLimit : lineLimit);
    const place = { at: start + 1, length: this.at - start - 2 };
    const line = bytes && Buffer.from(bytes).toString("latin1");
    const argument = lineArgument(opcode, line, place);
    if (argument === null) throw new MalformedModel(`bad argument of ${opcode.name}`, start);
    return argument;
  }

  /** The bytes up to the newline, which is passed; null when they are too many to keep. */
  private async lineBytes(limit: number): Promise<Uint8Array | null> {
    const start = this.at;
    let scanned = start;
    while (scanned < this.end && scanned - start < limit) {
      // Names end soon; of what does not, large blocks are read.
      const length = Math.min(this.end - scanned, scanned - start < 4096 ? 256 : 1 << 18);
      if (!this.window.has(scanned, length)) await this.window.load(scanned, length);
      const index = this.window.view(scanned, length).indexOf(10);
      if (index >= 0) {
        const end = scanned + index;
        this.at = start;
        const line = end - start <= keepLimit ? (await this.bytes(end - start)).slice() : null;
        this.at = end + 1;
        return line;
      }
      scanned += length;
    }
    throw new MalformedModel("line without an end", start);
  }
}

const fixedWidths: Readonly<Partial<Record<string, number>>> = { u1: 1, u2: 2, u4: 4, i4: 4, u8: 8, f8: 8 };

const lengthWidths: Readonly<Partial<Record<string, number>>> = {
  string1: 1,
  bytes1: 1,
  text1: 1,
  long1: 1,
  string4: 4,
  bytes4: 4,
  text4: 4,
  long4: 4,
  bytes8: 8,
  text8: 8,
};

/** The number that follows an opcode: its value, or the length of its payload. BINSTRING and LONG4 are signed. */
function readNumber(kind: string, view: DataView): number | bigint {
  if (kind === "f8") return 0;
  if (kind === "i4" || kind === "string4" || kind === "long4") return view.getInt32(1, true);
  if (kind.endsWith("1")) return view.getUint8(1);
  if (kind.endsWith("2")) return view.getUint16(1, true);
  if (kind.endsWith("4")) return view.getUint32(1, true);
  const value = view.getBigUint64(1, true);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function littleEndian(bytes: Uint8Array): number | bigint {
  if (bytes.length === 0) return 0;
  if (bytes.length > 256) return 0n;
  const value = BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

interface Place {
  readonly at: number;
  readonly length: number;
}

/** The argument of an opcode that is written as a line; null for one that CPython refuses. */
function lineArgument(opcode: Opcode, line: string | null, place: Place): Argument | null {
  const text = (value: string | null, python2: boolean): Argument | null =>
    line !== null && value === null ? null : { kind: "text", text: value, ...place, python2 };
  switch (opcode.argument) {
    case "line-string":
      return text(line && parseString(line), true);
    case "line-unicode":
      return text(line === null ? null : parseUnicode(line), false);
    case "line-text":
      return text(line, false);
    case "line-float": {
      const value = line === null ? null : parseFloatLine(line);
      return value === null ? null : { kind: "float", value };
    }
    case "line-index": {
      const value = line === null ? null : parseIndex(line);
      return value === null ? null : { kind: "int", value };
    }
    default: {
      if (opcode.name === "INT" && (line === "00" || line === "01")) return { kind: "bool", value: line === "01" };
      const value = line === null ? 0n : parseInteger(line);
      return value === null ? null : { kind: "int", value };
    }
  }
}
