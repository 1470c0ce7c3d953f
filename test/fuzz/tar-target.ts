import { gzipSync } from "node:zlib";
import { memorySource, slice } from "../../src/archive/byte-source.ts";
import { gunzip } from "../../src/archive/gzip.ts";
import { defaultLimits } from "../../src/archive/limits.ts";
import { readTar } from "../../src/archive/tar-records.ts";
import { hostileTar, pax, type TarMember } from "../unit/archive/hostile-tar.ts";
import { anyData, anyName, mutateBytes } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Result, Target } from "./target.ts";

const limits = { ...defaultLimits, bombBytes: 1 << 20, unpackedBytes: 1 << 24 };

const numbers = [
  "",
  "7777777\0",
  "0000009\0",
  "1 2\0",
  "       \0",
  "\x80\0\0\0\0\0\0\x01",
  "\xff\xff\xff\xff\xff\xff\xff\xff",
  "-000001\0",
];
const values = ["0", "5", "-1", "9999999999999", "1e3", "", "a\0b", "../x", "m/\u00e9", "1700000000.25"];
const keys = [
  "path",
  "size",
  "linkpath",
  "mtime",
  "uid",
  "uname",
  "hdrcharset",
  "GNU.sparse.major",
  "SCHILY.xattr.a",
  "comment",
  "",
];

function anyPax(random: Random): TarMember {
  const records = Object.fromEntries(
    Array.from({ length: random.below(3) }, () => [random.pick(keys), random.pick(values)]),
  );
  const member = pax(records, random.chance(0.2) ? "g" : "x");
  return random.chance(0.2) ? { ...member, data: mutateBytes(Buffer.from(member.data ?? ""), random) } : member;
}

const lies: readonly ((random: Random) => Partial<TarMember>)[] = [
  (random) => ({ type: random.pick(Array.from("\x001234567SMDNVAKZ")) }),
  (random) => ({ mode: random.pick(numbers) }),
  (random) => ({ uid: random.pick(numbers) }),
  (random) => ({ size: `${random.pick(numbers)}${random.pick(numbers)}`.slice(0, 12) }),
  (random) => ({ prefix: anyName(random).slice(0, 150) }),
  (random) => ({ magic: random.pick(["", "ustar  \0", "ustar\0xx", "garbage!"]) }),
  (random) => ({ checksumError: random.below(2) }),
  (random) => ({ devices: random.pick(numbers) }),
  (random) => ({ name: Buffer.from([0x6d, 0x2f, random.below(256), random.below(256)]) }),
];

function anyMembers(random: Random): TarMember[] {
  const name = random.chance(0.9) ? `m/${anyName(random)}` : anyName(random);
  const member: TarMember = { name, data: anyData(random), ...(random.chance(0.3) ? random.pick(lies)(random) : {}) };
  const out: TarMember[] = random.chance(0.1) ? [{ ...member, name: `${name}/`, type: "5", data: "" }] : [member];
  if (random.chance(0.2)) out.unshift(anyPax(random));
  if (random.chance(0.1)) out.unshift({ name: "././@LongLink", type: "L", data: `${anyName(random)}\0` });
  return out;
}

async function run(input: Uint8Array): Promise<Result> {
  const whole = memorySource(input);
  const packed = input[0] === 0x1f && input[1] === 0x8b;
  const unpacked = packed ? await gunzip(whole, limits, undefined) : null;
  const source = unpacked?.source ?? whole;
  try {
    const { entries, anomalies } = await readTar(source, limits);
    const complete = !anomalies.some(({ rule }) => rule === "archive/truncated");
    for (const entry of entries) {
      if (entry.dataOffset + entry.size > source.size && complete)
        throw new Error("an entry beyond the end, unreported");
      if (entry.dataOffset + entry.size <= source.size)
        await slice(source, entry.dataOffset, entry.size).read(0, entry.size);
    }
    return { past: entries.length > 0 };
  } finally {
    await unpacked?.close();
  }
}

export const tarTarget: Target = {
  name: "tar",
  covers: ["tar-records", "tar-header", "tar-top", "pax", "gzip", "entry-path", "header-window"].map(
    (file) => `archive/${file}.ts`,
  ),
  // Trusts the size that a header declares.
  planted: {
    file: "archive/tar-records.ts",
    find: "if (data + size > source.size) {",
    replace: "if (data + size < 0) {",
  },
  generate(random) {
    const members = Array.from({ length: 1 + random.below(4) }, () => anyMembers(random)).flat();
    const end = Buffer.alloc(random.pick([0, 512, 1024, 1024, 1024, 1024, 4096]));
    const tar = hostileTar(members, random.chance(0.05) ? Buffer.concat([end, anyData(random)]) : end);
    const plain = random.chance(0.1) ? mutateBytes(tar, random) : tar;
    if (random.chance(0.7)) return plain;
    const zipped = gzipSync(plain);
    return random.chance(0.3) ? mutateBytes(zipped, random) : zipped;
  },
  run,
};
