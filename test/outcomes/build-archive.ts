import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";

export type Files = ReadonlyMap<string, Buffer>;

/** How the files are put together; the odd ones are what TorchServe cannot open. */
export type Form =
  | "mar"
  | "deflated"
  | "stored with descriptor"
  | "bytes before"
  | "zip suffix"
  | "tgz"
  | "flat tgz"
  | "tar"
  | "folder";

/** Writes the archive below `folder` and gives its path. */
export function writeArchive(name: string, files: Files, form: Form, folder: string): string {
  const at = (suffix: string) => join(folder, name + suffix);
  const put = (path: string, bytes: Buffer): string => {
    writeFileSync(path, bytes);
    return path;
  };
  switch (form) {
    case "mar":
      return put(at(".mar"), zip(files, false, false));
    case "deflated":
      return put(at(".mar"), zip(files, true, false));
    case "stored with descriptor":
      return put(at(".mar"), zip(files, false, true));
    case "bytes before":
      return put(at(".mar"), Buffer.concat([Buffer.from("#!/bin/sh\n"), zip(files, false, false)]));
    case "zip suffix":
      return put(at(".zip"), zip(files, true, false));
    case "tgz":
      return put(at(".tar.gz"), gzipSync(tar(files, `${name}/`)));
    case "flat tgz":
      return put(at(".tar.gz"), gzipSync(tar(files, "")));
    case "tar":
      return put(at(".tar"), tar(files, `${name}/`));
    case "folder":
      for (const [path, bytes] of files) {
        mkdirSync(dirname(join(folder, name, path)), { recursive: true });
        writeFileSync(join(folder, name, path), bytes);
      }
      return join(folder, name);
  }
}

function zip(files: Files, deflated: boolean, descriptor: boolean): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [path, bytes] of files) {
    const name = Buffer.from(path);
    const packed = deflated ? deflateRawSync(bytes) : bytes;
    const sizes = [crc32(bytes), packed.length, bytes.length];
    const common = [20, descriptor ? 8 : 0, deflated ? 8 : 0, 0, 0x21];
    const local = Buffer.concat([
      u32(0x04034b50),
      ...common.map(u16),
      ...sizes.map((size) => u32(descriptor ? 0 : size)),
      ...[name.length, 0].map(u16),
      name,
      packed,
      ...(descriptor ? [u32(0x08074b50), ...sizes.map(u32)] : []),
    ]);
    const rest = [...[name.length, 0, 0, 0, 0].map(u16), u32(0o100644 * 65536), u32(offset), name];
    central.push(Buffer.concat([u32(0x02014b50), u16(0x031e), ...common.map(u16), ...sizes.map(u32), ...rest]));
    parts.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const counts = [0, 0, files.size, files.size].map(u16);
  const end = Buffer.concat([u32(0x06054b50), ...counts, u32(directory.length), u32(offset), u16(0)]);
  return Buffer.concat([...parts, directory, end]);
}

function tar(files: Files, prefix: string): Buffer {
  const blocks = [...files].flatMap(([path, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(prefix + path, 0);
    header.write("0000644\0", 100);
    header.write("0000000\0".repeat(2), 108);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0        0", 136);
    header.write("ustar\x0000", 257, "latin1");
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}
