/** One 512-byte header block of a tar file: POSIX ustar (IEEE 1003.1 pax), GNU, or the V7 format before both. */
export const blockSize = 512;

export interface TarHeader {
  readonly name: Uint8Array;
  /** One character; NUL is what V7 wrote for a file. */
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  /** Fields that hold no number, or bytes where the format has none. */
  readonly problems: readonly string[];
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The sum of all bytes, the checksum field taken as blanks; old systems added signed bytes. */
export function hasChecksum(block: Uint8Array): boolean {
  const declared = numeral(block.subarray(148, 156));
  if (declared === null) return false;
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < block.length; at += 1) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += (byte << 24) >> 24;
  }
  return declared === unsigned || declared === signed;
}

/** Octal digits with blanks around and a NUL or blank at the end, or GNU's base 256; null when it is neither. */
function numeral(field: Uint8Array): number | null {
  const [first = 0] = field;
  if (first >= 0x80) {
    // A set second bit means a negative number, which no field of an honest archive has.
    if (first !== 0x80) return null;
    return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
  }
  if (first !== 0 && first !== 0x20 && (first < 0x30 || first > 0x37)) return null;
  const text = Buffer.from(field).toString("latin1");
  // Nothing but NULs and blanks may follow the digits: a second number would be read by some.
  const match = /^ *([0-7]*)[ \0]*$/u.exec(text);
  if (match === null) return null;
  return Number.parseInt(match[1] || "0", 8);
}

function text(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}

/** Reads a block whose checksum fits. */
export function readTarHeader(block: Uint8Array): TarHeader {
  const problems: string[] = [];
  const number = (what: string, from: number, to: number): number => {
    const value = numeral(block.subarray(from, to));
    if (value === null) problems.push(`The field for ${what} holds no number.`);
    return value ?? 0;
  };
  const magic = Buffer.from(block.subarray(257, 265)).toString("latin1");
  const prefix = block.subarray(345, 500);
  const posix = magic.startsWith("ustar\0");
  const gnu = magic === "ustar  \0";
  // GNU keeps times there (octal), V7 nothing; some readers take it for the start of the name all the same.
  const stray = gnu ? !/^[0-7 \0]*$/u.test(Buffer.from(prefix).toString("latin1")) : !isZero(prefix);
  if (!posix && stray) problems.push("The header has a name prefix, which its format does not know.");
  const type = String.fromCharCode(block[156] ?? 0);
  const devices = block.subarray(329, 345);
  if ((posix || gnu) && "0\0".includes(type) && /[1-9]/u.test(Buffer.from(devices).toString("latin1"))) {
    problems.push("The header is a file's and has device numbers.");
  }
  number("the owner", 108, 116);
  number("the group", 116, 124);
  number("the time", 136, 148);
  return {
    name: posix ? joined(text(prefix), text(block.subarray(0, 100))) : text(block.subarray(0, 100)),
    type,
    mode: number("the mode", 100, 108),
    size: number("the size", 124, 136),
    problems,
  };
}

function joined(prefix: Uint8Array, name: Uint8Array): Uint8Array {
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name]);
}
