import { Output, UnpackError } from "./output.ts";

/**
 * LZMA as its specification describes it (https://github.com/jljusten/LZMA-SDK/blob/master/DOC/lzma-specification.txt):
 * a range decoder over adaptive bits, literals and matches.
 */
const half = 1024;
const lengthSymbols = 272;
const matchMin = 2;

class RangeDecoder {
  private readonly bytes: Uint8Array;
  private range = 0xffffffff;
  private code = 0;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
    if (this.next() !== 0) throw new UnpackError("bad start of LZMA data");
    for (let index = 0; index < 4; index++) this.code = ((this.code << 8) | this.next()) >>> 0;
  }

  private next(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new UnpackError("LZMA data is cut off");
    return byte;
  }

  private normalize(): void {
    if (this.range >= 0x1000000) return;
    this.range = (this.range << 8) >>> 0;
    this.code = ((this.code << 8) | this.next()) >>> 0;
  }

  bit(probabilities: Uint16Array, index: number): number {
    const probability = probabilities[index] ?? half;
    const bound = (this.range >>> 11) * probability;
    let bit = 0;
    if (this.code < bound) {
      this.range = bound;
      probabilities[index] = probability + ((2048 - probability) >> 5);
    } else {
      this.range -= bound;
      this.code -= bound;
      probabilities[index] = probability - (probability >> 5);
      bit = 1;
    }
    this.normalize();
    return bit;
  }

  direct(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      this.range >>>= 1;
      const bit = this.code >= this.range ? 1 : 0;
      if (bit === 1) this.code -= this.range;
      value = value * 2 + bit;
      this.normalize();
    }
    return value;
  }

  tree(probabilities: Uint16Array, offset: number, bits: number): number {
    let node = 1;
    for (let index = 0; index < bits; index++) node = node * 2 + this.bit(probabilities, offset + node);
    return node - (1 << bits);
  }

  reverse(probabilities: Uint16Array, offset: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let index = 0; index < bits; index++) {
      const bit = this.bit(probabilities, offset + node);
      node = node * 2 + bit;
      value += bit * 2 ** index;
    }
    return value;
  }
}

function bits(count: number): Uint16Array {
  return new Uint16Array(count).fill(half);
}

/** Lengths 2 to 273: eight short ones by position, eight middle ones, 256 long ones. */
class LengthDecoder {
  private readonly choice = bits(2);
  private readonly low = bits(16 * 8);
  private readonly middle = bits(16 * 8);
  private readonly high = bits(256);

  decode(range: RangeDecoder, position: number): number {
    if (range.bit(this.choice, 0) === 0) return range.tree(this.low, position * 8, 3);
    if (range.bit(this.choice, 1) === 0) return 8 + range.tree(this.middle, position * 8, 3);
    return 16 + range.tree(this.high, 0, 8);
  }
}

/** The five numbers in LZMA's properties byte and behind. */
interface Properties {
  readonly literalContext: number;
  readonly literalPosition: number;
  readonly position: number;
}

export function readProperties(byte: number): Properties {
  if (byte >= 9 * 5 * 5) throw new UnpackError("bad LZMA properties");
  return { literalContext: byte % 9, literalPosition: Math.floor(byte / 9) % 5, position: Math.floor(byte / 45) };
}

/** The adaptive state; LZMA2 keeps it from chunk to chunk. */
export class LzmaState {
  private readonly properties: Properties;
  private readonly literals: Uint16Array;
  private readonly isMatch = bits(12 * 16);
  private readonly isRep = bits(12);
  private readonly isRep0 = bits(12);
  private readonly isRep1 = bits(12);
  private readonly isRep2 = bits(12);
  private readonly isRep0Long = bits(12 * 16);
  private readonly slots = bits(4 * 64);
  private readonly specials = bits(128);
  private readonly align = bits(16);
  private readonly matchLength = new LengthDecoder();
  private readonly repLength = new LengthDecoder();
  private readonly reps = [0, 0, 0, 0];
  private state = 0;

  constructor(properties: Properties) {
    this.properties = properties;
    this.literals = bits(0x300 << (properties.literalContext + properties.literalPosition));
  }

  /** Decodes until `out` has `end` bytes or the end marker comes; returns the offset behind what was read. */
  decode(bytes: Uint8Array, at: number, out: Output, end: number): number {
    const range = new RangeDecoder(bytes, at);
    while (out.length < end) {
      const position = out.position & ((1 << this.properties.position) - 1);
      if (range.bit(this.isMatch, this.state * 16 + position) === 0) this.literal(range, out);
      else if (!this.match(range, out, position, end)) break;
    }
    return range.at;
  }

  private literal(range: RangeDecoder, out: Output): void {
    const { literalContext, literalPosition } = this.properties;
    const low = out.position & ((1 << literalPosition) - 1);
    const context = (low << literalContext) + (out.back(1) >> (8 - literalContext));
    const offset = context * 0x300;
    let symbol = 1;
    if (this.state >= 7) {
      let match = out.back((this.reps[0] ?? 0) + 1);
      while (symbol < 0x100) {
        const matchBit = (match >> 7) & 1;
        match <<= 1;
        const bit = range.bit(this.literals, offset + ((1 + matchBit) << 8) + symbol);
        symbol = symbol * 2 + bit;
        if (matchBit !== bit) break;
      }
    }
    while (symbol < 0x100) symbol = symbol * 2 + range.bit(this.literals, offset + symbol);
    out.push(symbol & 0xff);
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6;
  }

  /** False at the end marker. */
  private match(range: RangeDecoder, out: Output, position: number, end: number): boolean {
    let length: number;
    if (range.bit(this.isRep, this.state) === 0) {
      length = this.matchLength.decode(range, position);
      this.reps.unshift(this.distance(range, length));
      this.reps.pop();
      this.state = this.state < 7 ? 7 : 10;
      if (this.reps[0] === 0xffffffff) return false;
    } else {
      if (this.shortRep(range, position)) {
        this.state = this.state < 7 ? 9 : 11;
        out.copy((this.reps[0] ?? 0) + 1, 1);
        return true;
      }
      length = this.repLength.decode(range, position);
      this.state = this.state < 7 ? 8 : 11;
    }
    if (length + matchMin > Math.min(lengthSymbols + 1, end - out.length)) throw new UnpackError("LZMA match too long");
    out.copy((this.reps[0] ?? 0) + 1, length + matchMin);
    return true;
  }

  /** Picks one of the last four distances; true for a single byte from the last one. */
  private shortRep(range: RangeDecoder, position: number): boolean {
    let index = 0;
    if (range.bit(this.isRep0, this.state) === 0) {
      if (range.bit(this.isRep0Long, this.state * 16 + position) === 0) return true;
    } else if (range.bit(this.isRep1, this.state) === 0) index = 1;
    else index = range.bit(this.isRep2, this.state) === 0 ? 2 : 3;
    const [distance = 0] = this.reps.splice(index, 1);
    this.reps.unshift(distance);
    return false;
  }

  private distance(range: RangeDecoder, length: number): number {
    const slot = range.tree(this.slots, Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const count = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** count;
    if (slot < 14) return base + range.reverse(this.specials, base - slot, count);
    return base + range.direct(count - 4) * 16 + range.reverse(this.align, 0, 4);
  }
}

/** The `.lzma` format: properties, dictionary size, length (all ones: until the end marker), data. */
export function unpackLzma(bytes: Uint8Array, limit: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 18) throw new UnpackError("LZMA file is cut off");
  const told = view.getBigUint64(5, true);
  const unknown = told === 0xffffffffffffffffn;
  if (!unknown && told > BigInt(limit)) throw new UnpackError(`unpacks to ${told} bytes`);
  const out = new Output(limit);
  new LzmaState(readProperties(bytes[0] ?? 255)).decode(bytes, 13, out, unknown ? Infinity : Number(told));
  if (!unknown && out.length < Number(told)) throw new UnpackError("LZMA data ends early");
  return out.result();
}
