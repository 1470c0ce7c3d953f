import { crc32, deflateRawSync } from "node:zlib";

/** One entry of a ZIP under construction; every field of both views can be made to lie. */
export interface Member {
  readonly name: string | Uint8Array;
  readonly data?: string | Uint8Array;
  readonly deflate?: boolean;
  /** Bytes to store as the packed data, whatever `data` is. */
  readonly packed?: Uint8Array;
  readonly local?: Partial<Fields>;
  readonly central?: Partial<Fields>;
  /** In both views. */
  readonly both?: Partial<Fields>;
  /** Bytes between the data and what follows: a data descriptor, a gap. */
  readonly after?: Uint8Array;
  /** Leave it out of the directory. */
  readonly hidden?: boolean;
}

export interface Fields {
  readonly name: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly modified: number;
  readonly crc32: number;
  readonly packedSize: number;
  readonly size: number;
  readonly extra: Uint8Array;
  readonly madeBy: number;
  readonly attributes: number;
  readonly disk: number;
  readonly offset: number;
}

export interface EndFields {
  readonly entries: number;
  readonly entriesHere: number;
  readonly directorySize: number;
  readonly directoryOffset: number;
  readonly disk: number;
  readonly directoryDisk: number;
  readonly comment: Uint8Array;
  readonly commentLength: number;
}

export interface Shape {
  readonly before?: Uint8Array;
  /** Between the last entry and the directory. */
  readonly gap?: Uint8Array;
  /** Between the directory and the end record, given where the directory lies. */
  readonly between?: (directory: { offset: number; size: number; entries: number }) => Uint8Array;
  readonly end?: Partial<EndFields>;
  readonly after?: Uint8Array;
}

export const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

export function u16(...values: number[]): Buffer {
  const out = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => out.writeUInt16LE(value, 2 * i));
  return out;
}

export function u32(...values: number[]): Buffer {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => out.writeUInt32LE(value, 4 * i));
  return out;
}

export function u64(...values: number[]): Buffer {
  const out = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => out.writeBigUInt64LE(BigInt(value), 8 * i));
  return out;
}

export function extraField(id: number, data: Uint8Array): Buffer {
  return Buffer.concat([u16(id, data.length), data]);
}

const utf8 = (text: string | Uint8Array): Uint8Array => (typeof text === "string" ? Buffer.from(text) : text);

function fieldsOf(member: Member): { fields: Fields; packed: Uint8Array } {
  const data = utf8(member.data ?? "");
  const packed = member.packed ?? (member.deflate ? deflateRawSync(data) : data);
  const name = utf8(member.name);
  const fields: Fields = {
    name,
    flags: name.some((byte) => byte > 127) ? 0x800 : 0,
    method: member.deflate ? 8 : 0,
    modified: 0x5c21_0000,
    crc32: crc32(data),
    packedSize: packed.length,
    size: data.length,
    extra: new Uint8Array(0),
    madeBy: 0x0314,
    attributes: 0o100644 * 65536,
    disk: 0,
    offset: 0,
    ...member.both,
  };
  return { fields, packed };
}

function local(fields: Fields): Buffer {
  return Buffer.concat([
    bytes("PK\x03\x04"),
    u16(20, fields.flags, fields.method),
    u32(fields.modified, fields.crc32, fields.packedSize, fields.size),
    u16(fields.name.length, fields.extra.length),
    fields.name,
    fields.extra,
  ]);
}

function central(fields: Fields): Buffer {
  return Buffer.concat([
    bytes("PK\x01\x02"),
    u16(fields.madeBy, 20, fields.flags, fields.method),
    u32(fields.modified, fields.crc32, fields.packedSize, fields.size),
    u16(fields.name.length, fields.extra.length, 0, fields.disk, 0),
    u32(fields.attributes, fields.offset),
    fields.name,
    fields.extra,
  ]);
}

/** Writes the ZIP as described, lies included. */
export function hostileZip(members: readonly Member[], shape: Shape = {}): Buffer {
  const parts: Uint8Array[] = [shape.before ?? new Uint8Array(0)];
  let offset = parts[0]?.length ?? 0;
  const records: Buffer[] = [];
  for (const member of members) {
    const { fields, packed } = fieldsOf(member);
    const head = local({ ...fields, ...member.local });
    const after = member.after ?? new Uint8Array(0);
    if (!member.hidden) records.push(central({ ...fields, offset, ...member.central }));
    parts.push(head, packed, after);
    offset += head.length + packed.length + after.length;
  }
  const gap = shape.gap ?? new Uint8Array(0);
  offset += gap.length;
  const directory = Buffer.concat(records);
  const where = { offset, size: directory.length, entries: records.length };
  parts.push(gap, directory, shape.between?.(where) ?? new Uint8Array(0), endRecord(where, shape.end));
  parts.push(shape.after ?? new Uint8Array(0));
  return Buffer.concat(parts);
}

/** An end record for a directory, as honest as `lies` lets it be. */
export function endRecord(
  where: { offset: number; size: number; entries: number },
  lies: Partial<EndFields> = {},
): Buffer {
  const comment = lies.comment ?? new Uint8Array(0);
  return Buffer.concat([
    bytes("PK\x05\x06"),
    u16(lies.disk ?? 0, lies.directoryDisk ?? 0, lies.entriesHere ?? lies.entries ?? where.entries),
    u16(lies.entries ?? where.entries),
    u32(lies.directorySize ?? where.size, lies.directoryOffset ?? where.offset),
    u16(lies.commentLength ?? comment.length),
    comment,
  ]);
}

/** The ZIP64 end record and its locator. */
export function end64(
  where: { offset: number; size: number; entries: number },
  lies: {
    entries?: number;
    size?: number;
    offset?: number;
    length?: number;
    locator?: number;
    disks?: number;
    tail?: Uint8Array;
  } = {},
): Buffer {
  const tail = lies.tail ?? new Uint8Array(0);
  const entries = lies.entries ?? where.entries;
  return Buffer.concat([
    bytes("PK\x06\x06"),
    u64(lies.length ?? 44 + tail.length),
    u16(45, 45),
    u32(0, 0),
    u64(entries, entries, lies.size ?? where.size, lies.offset ?? where.offset),
    tail,
    bytes("PK\x06\x07"),
    u32(0),
    u64(lies.locator ?? where.offset + where.size),
    u32(lies.disks ?? 1),
  ]);
}
