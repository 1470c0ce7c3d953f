import type { ByteSource } from "../archive/byte-source.ts";
import { MalformedModel } from "./malformed.ts";

/** An entry by the central directory. */
export interface ZipName {
  readonly name: string;
  readonly method: number;
  readonly size: number;
  readonly packedSize: number;
  /** Of the local header. */
  readonly offset: number;
}

const endSize = 22;
const commentLimit = 0xffff;

/** Names in a ZIP's central directory, enough to tell what a file is; who judges or reads a ZIP uses the archive layer. */
export async function zipNames(source: ByteSource): Promise<ZipName[]> {
  const tailSize = Math.min(source.size, endSize + commentLimit + 20 + 56);
  const tail = Buffer.from(await source.read(source.size - tailSize, tailSize));
  const end = tail.lastIndexOf("PK\u0005\u0006", undefined, "latin1");
  if (end < 0 || end + endSize > tail.length) throw new MalformedModel("ZIP without an end record");
  let size = tail.readUInt32LE(end + 12);
  let offset = tail.readUInt32LE(end + 16);
  const wide = tail.lastIndexOf("PK\u0006\u0006", undefined, "latin1");
  if ((size === 0xffffffff || offset === 0xffffffff) && wide >= 0 && wide + 56 <= tail.length) {
    size = Number(tail.readBigUInt64LE(wide + 40));
    offset = Number(tail.readBigUInt64LE(wide + 48));
  }
  if (size > 1 << 24 || offset + size > source.size) throw new MalformedModel("ZIP directory out of the file");
  return parseDirectory(Buffer.from(await source.read(offset, size)));
}

function parseDirectory(bytes: Buffer): ZipName[] {
  const out: ZipName[] = [];
  for (let at = 0; at + 46 <= bytes.length && bytes.readUInt32LE(at) === 0x02014b50;) {
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28);
    out.push({
      name: bytes.toString("utf8", at + 46, nameEnd),
      method: bytes.readUInt16LE(at + 10),
      packedSize: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42),
    });
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return out;
}
