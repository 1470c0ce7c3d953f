/**
 * The records of a ZIP file, as PKWARE's APPNOTE 6.3.10 lays them out (section numbers in the comments). Each reader
 * takes bytes that hold the whole record and judges nothing.
 */
export const signature = {
  local: 0x04034b50,
  central: 0x02014b50,
  descriptor: 0x08074b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator: 0x07064b50,
} as const;

export const localSize = 30;
export const centralSize = 46;
export const endSize = 22;
export const end64Size = 56;
export const locatorSize = 20;

/** In a 16- or 32-bit field: "the value is in the ZIP64 record". */
export const sentinel16 = 0xffff;
export const sentinel32 = 0xffffffff;

export const zip64Id = 0x0001;
export const unicodePathId = 0x7075;

/** General purpose bits (4.4.4). */
export const flag = { encrypted: 1, descriptor: 8, patched: 0x20, strong: 0x40, utf8: 0x800, masked: 0x2000 } as const;

/** The part of a header that is in both views. */
export interface Header {
  readonly needed: number;
  readonly flags: number;
  readonly method: number;
  /** DOS time and date as one number. */
  readonly modified: number;
  readonly crc32: number;
  readonly packedSize: number;
  readonly size: number;
  readonly name: Uint8Array;
  readonly extra: Uint8Array;
}

export interface CentralHeader extends Header {
  readonly madeBy: number;
  readonly disk: number;
  readonly attributes: number;
  readonly offset: number;
  /** Bytes of the whole record. */
  readonly length: number;
}

export interface LocalHeader extends Header {
  /** Bytes from the header's first to the data's first. */
  readonly length: number;
}

export interface EndRecord {
  readonly disk: number;
  readonly directoryDisk: number;
  readonly entriesHere: number;
  readonly entries: number;
  readonly directorySize: number;
  readonly directoryOffset: number;
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Values beyond 2^53 lose their last digits, but no file is as large: every comparison with a size still holds. */
export function uint64(data: DataView, at: number): number {
  return data.getUint32(at + 4, true) * 2 ** 32 + data.getUint32(at, true);
}

/** 4.3.7. Null when the bytes end before the header does. */
export function readLocal(bytes: Uint8Array): LocalHeader | null {
  if (bytes.length < localSize) return null;
  const data = view(bytes);
  const names = localSize + data.getUint16(26, true);
  const length = names + data.getUint16(28, true);
  if (length > bytes.length) return null;
  return {
    needed: data.getUint16(4, true),
    flags: data.getUint16(6, true),
    method: data.getUint16(8, true),
    modified: data.getUint32(10, true),
    crc32: data.getUint32(14, true),
    packedSize: data.getUint32(18, true),
    size: data.getUint32(22, true),
    name: bytes.subarray(localSize, names),
    extra: bytes.subarray(names, length),
    length,
  };
}

/** 4.3.12. Null when the bytes end before the header does. */
export function readCentral(bytes: Uint8Array): CentralHeader | null {
  if (bytes.length < centralSize) return null;
  const data = view(bytes);
  const names = centralSize + data.getUint16(28, true);
  const extras = names + data.getUint16(30, true);
  const length = extras + data.getUint16(32, true);
  if (length > bytes.length) return null;
  return {
    madeBy: data.getUint16(4, true),
    needed: data.getUint16(6, true),
    flags: data.getUint16(8, true),
    method: data.getUint16(10, true),
    modified: data.getUint32(12, true),
    crc32: data.getUint32(16, true),
    packedSize: data.getUint32(20, true),
    size: data.getUint32(24, true),
    name: bytes.subarray(centralSize, names),
    extra: bytes.subarray(names, extras),
    disk: data.getUint16(34, true),
    attributes: data.getUint32(38, true),
    offset: data.getUint32(42, true),
    length,
  };
}

/** 4.3.16, without the comment. */
export function readEnd(data: DataView, at: number): EndRecord & { readonly commentLength: number } {
  return {
    disk: data.getUint16(at + 4, true),
    directoryDisk: data.getUint16(at + 6, true),
    entriesHere: data.getUint16(at + 8, true),
    entries: data.getUint16(at + 10, true),
    directorySize: data.getUint32(at + 12, true),
    directoryOffset: data.getUint32(at + 16, true),
    commentLength: data.getUint16(at + 20, true),
  };
}

/** 4.3.14; `length` is that of the whole record. */
export function readEnd64(data: DataView): EndRecord & { readonly length: number } {
  return {
    length: 12 + uint64(data, 4),
    disk: data.getUint32(16, true),
    directoryDisk: data.getUint32(20, true),
    entriesHere: uint64(data, 24),
    entries: uint64(data, 32),
    directorySize: uint64(data, 40),
    directoryOffset: uint64(data, 48),
  };
}

export interface ExtraField {
  readonly id: number;
  readonly data: Uint8Array;
}

/** 4.5.1: identifier, length, data, until the bytes are used up. Null when they do not come out even. */
export function readExtra(bytes: Uint8Array): readonly ExtraField[] | null {
  const data = view(bytes);
  const fields: ExtraField[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + data.getUint16(at + 2, true);
    if (end > bytes.length) return null;
    fields.push({ id: data.getUint16(at, true), data: bytes.subarray(at + 4, end) });
    at = end;
  }
  return at === bytes.length ? fields : null;
}
