/** Records of a ZIP file (APPNOTE 6.3.10) as our writer needs them: no data descriptors, ZIP64 exactly when needed. */

export interface ZipRecord {
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  readonly method: "stored" | "deflated";
  readonly crc32: number;
  /** Bytes, plain. */
  readonly size: number;
  readonly packedSize: number;
  /** Of the local header, from the start of the file. */
  readonly offset: number;
}

const sentinel16 = 0xffff;
const sentinel32 = 0xffffffff;
/** 1 January 1980: the first date that a ZIP can hold, so that equal inputs give equal bytes. */
const dosDate = 0x0021;
const utf8Flag = 0x0800;
const unix = 3;
const regularFile = 0o100000;
const plainVersion = 20;
const zip64Version = 45;

/** Whether a size or offset needs ZIP64: 0xFFFFFFFF itself is the mark for "see the extra field". */
function large(value: number): boolean {
  return value >= sentinel32;
}

/** The local header. A large entry's size must be known when it is written first; CRC and sizes may change later. */
export function localHeader(record: ZipRecord): Buffer {
  const name = Buffer.from(record.path);
  const zip64 = large(record.size) || large(record.packedSize);
  const header = Buffer.alloc(30 + name.length + (zip64 ? 20 : 0));
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(zip64 ? zip64Version : plainVersion, 4);
  writeCommon(header, 6, record, zip64 ? { size: sentinel32, packedSize: sentinel32 } : record, name.length);
  header.writeUInt16LE(zip64 ? 20 : 0, 28);
  name.copy(header, 30);
  if (zip64) {
    // In a local header the extra field must have both sizes (APPNOTE 4.5.3).
    writeZip64Extra(header, 30 + name.length, [record.size, record.packedSize]);
  }
  return header;
}

/** The entry's record of the central directory. */
export function centralRecord(record: ZipRecord): Buffer {
  const name = Buffer.from(record.path);
  const large64 = [record.size, record.packedSize, record.offset].filter(large);
  const extra = large64.length === 0 ? 0 : 4 + 8 * large64.length;
  const central = Buffer.alloc(46 + name.length + extra);
  const version = extra > 0 ? zip64Version : plainVersion;
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE((unix << 8) | version, 4);
  // As in the local header: the offset alone does not raise it there.
  central.writeUInt16LE(large(record.size) || large(record.packedSize) ? zip64Version : plainVersion, 6);
  writeCommon(central, 8, record, record, name.length);
  central.writeUInt16LE(extra, 30);
  central.writeUInt32LE(((regularFile | record.mode) << 16) >>> 0, 38);
  central.writeUInt32LE(Math.min(record.offset, sentinel32), 42);
  name.copy(central, 46);
  if (extra > 0) writeZip64Extra(central, 46 + name.length, large64);
  return central;
}

/** End of central directory, with its ZIP64 form before it when a field does not fit. */
export function endRecords(count: number, directorySize: number, directoryOffset: number): Buffer {
  const zip64 = count >= sentinel16 || large(directorySize) || large(directoryOffset);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, sentinel16), 8);
  end.writeUInt16LE(Math.min(count, sentinel16), 10);
  end.writeUInt32LE(Math.min(directorySize, sentinel32), 12);
  end.writeUInt32LE(Math.min(directoryOffset, sentinel32), 16);
  if (!zip64) return end;
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE((unix << 8) | zip64Version, 12);
  end64.writeUInt16LE(zip64Version, 14);
  end64.writeBigUInt64LE(BigInt(count), 24);
  end64.writeBigUInt64LE(BigInt(count), 32);
  end64.writeBigUInt64LE(BigInt(directorySize), 40);
  end64.writeBigUInt64LE(BigInt(directoryOffset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(directoryOffset + directorySize), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}

/** Flags to name length: the same run of fields in both headers. */
function writeCommon(
  header: Buffer,
  at: number,
  record: ZipRecord,
  sizes: { readonly size: number; readonly packedSize: number },
  nameLength: number,
): void {
  // eslint-disable-next-line no-control-regex
  header.writeUInt16LE(/^[\u0000-\u007f]*$/.test(record.path) ? 0 : utf8Flag, at);
  header.writeUInt16LE(record.method === "deflated" ? 8 : 0, at + 2);
  header.writeUInt16LE(0, at + 4);
  header.writeUInt16LE(dosDate, at + 6);
  header.writeUInt32LE(record.crc32, at + 8);
  header.writeUInt32LE(Math.min(sizes.packedSize, sentinel32), at + 12);
  header.writeUInt32LE(Math.min(sizes.size, sentinel32), at + 16);
  header.writeUInt16LE(nameLength, at + 20);
}

function writeZip64Extra(target: Buffer, at: number, values: readonly number[]): void {
  target.writeUInt16LE(0x0001, at);
  target.writeUInt16LE(8 * values.length, at + 2);
  values.forEach((value, i) => target.writeBigUInt64LE(BigInt(value), at + 4 + 8 * i));
}
