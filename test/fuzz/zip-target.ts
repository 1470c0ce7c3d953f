import { crc32, deflateRawSync } from "node:zlib";
import { AnomalyError } from "../../src/archive/archive.ts";
import { memorySource } from "../../src/archive/byte-source.ts";
import { digestArchive } from "../../src/archive/digest.ts";
import { defaultLimits } from "../../src/archive/limits.ts";
import { readZip } from "../../src/archive/zip-records.ts";
import { storedOrPacked, streamZipEntry, collect } from "../../src/archive/zip-stream.ts";
import {
  bytes,
  end64,
  endRecord,
  extraField,
  type Fields,
  hostileZip,
  type Member,
  type Shape,
  u32,
  u64,
} from "../unit/archive/hostile-zip.ts";
import { anyData, anyName, edges, mutateBytes } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Result, Target } from "./target.ts";

const limits = { ...defaultLimits, bombBytes: 1 << 20, unpackedBytes: 1 << 24 };

type Lie = (random: Random) => Partial<Fields>;

const lies: readonly Lie[] = [
  (random) => ({ flags: random.pick([0, 1, 8, 0x20, 0x40, 0x800, 0x2000, 0x8000]) }),
  (random) => ({ method: random.pick([0, 8, 9, 12, 93, 99]) }),
  (random) => ({ size: random.pick(edges) }),
  (random) => ({ packedSize: random.pick(edges) }),
  (random) => ({ crc32: random.pick(edges) }),
  (random) => ({ modified: random.pick(edges) }),
  (random) => ({ name: Buffer.from(anyName(random)) }),
  (random) => ({ name: Buffer.from([random.below(256), random.below(256)]) }),
  (random) => ({ attributes: random.pick([0o120777, 0o010644, 0o040755, 0o104755, 0o060644]) * 65536 }),
  (random) => ({ madeBy: random.below(65536) }),
  (random) => ({ extra: anyExtra(random) }),
  (random) => ({
    extra: extraField(1, u64(random.pick(edges), random.pick(edges))),
    size: 0xffffffff,
    packedSize: 0xffffffff,
  }),
];
const centralLies: readonly Lie[] = [
  (random) => ({ size: 0xffffffff, offset: random.pick([0, 0xffffffff]), extra: anyExtra(random) }),
  ...lies,
  (random) => ({ offset: random.pick(edges) }),
  (random) => ({ disk: random.pick([1, 0xffff]) }),
];

function anyExtra(random: Random): Uint8Array {
  const id = random.pick([1, 0x7075, 0x5455, 0x9901, 0x4246]);
  const data = random.chance(0.5)
    ? Buffer.concat([bytes("\x01"), u32(crc32("a0.py")), Buffer.from(anyName(random))])
    : u64(...Array.from({ length: random.below(5) }, () => random.pick(edges)));
  const field = extraField(id, data);
  if (random.chance(0.2)) return Buffer.concat([field, field]);
  return random.chance(0.2) ? field.subarray(0, random.below(field.length)) : field;
}

function anyMember(random: Random, depth: number): Member {
  const nested = depth < 4 && random.chance(0.15);
  const data = nested ? anyZip(random, depth + 1) : anyData(random);
  const deflate = random.chance(0.5);
  const member: Member = { name: random.chance(0.05) ? "d/" : anyName(random), data, deflate };
  if (deflate && random.chance(0.15)) return described(member, data, random);
  if (!random.chance(0.25)) return member;
  const side = random.pick(["local", "central", "both"] as const);
  const own = side === "central" ? centralLies : lies;
  // Two lies at once reach what one alone does not: a sentinel, and a field that does not hold its value.
  const lie = { ...random.pick(own)(random), ...(random.chance(0.4) ? random.pick(own)(random) : {}) };
  const hidden = random.chance(0.1);
  return { ...member, [side]: lie, hidden, ...(random.chance(0.1) ? { packed: anyData(random) } : {}) };
}

function described(member: Member, data: Uint8Array, random: Random): Member {
  const packed = deflateRawSync(data);
  const wide = random.chance(0.3);
  const sizes = wide ? u64(packed.length, data.length) : u32(packed.length, data.length);
  const crc = u32(random.chance(0.9) ? crc32(data) : 1);
  const after = Buffer.concat([bytes(random.chance(0.5) ? "PK\x07\x08" : ""), crc, sizes]);
  const cut = random.chance(0.1) ? after.subarray(0, random.below(after.length)) : after;
  return { ...member, both: { flags: 8 }, local: { crc32: 0, size: 0, packedSize: 0 }, after: cut };
}

const shapes: readonly ((random: Random) => Shape)[] = [
  () => ({}),
  (random) => ({ before: anyData(random) }),
  (random) => ({ gap: anyData(random) }),
  (random) => ({ after: anyData(random) }),
  () => ({ between: (where) => end64(where) }),
  (random) => ({ between: (where) => end64(where, { entries: random.pick(edges), size: random.pick(edges) }) }),
  (random) => ({ between: (where) => end64(where, { locator: random.pick(edges), length: random.pick(edges) }) }),
  (random) => ({ end: { entries: random.below(65536) } }),
  (random) => ({ end: { directorySize: random.pick(edges), directoryOffset: random.pick(edges) } }),
  (random) => ({ end: { disk: random.below(3), comment: anyData(random), commentLength: random.below(65536) } }),
  () => ({ end: { comment: endRecord({ offset: 0, size: 0, entries: 0 }) } }),
];

function anyZip(random: Random, depth = 0): Buffer {
  const members = Array.from({ length: 1 + random.below(4) }, () => anyMember(random, depth));
  return hostileZip(members, random.chance(0.75) ? {} : random.pick(shapes)(random));
}

async function run(input: Uint8Array): Promise<Result> {
  const source = memorySource(input);
  const { entries, anomalies } = await readZip(source, limits);
  if (anomalies.some(({ message }) => message === "")) throw new Error("an anomaly without words");
  const byEntry = new Map<object, (typeof entries)[number]>(entries.map((entry) => [entry, entry]));
  const own = (entry: object) => {
    const found = byEntry.get(entry);
    if (found === undefined) throw new Error("an entry that is not ours");
    return found;
  };
  const stream = (entry: object) => streamZipEntry(source, own(entry));
  const { of, anomalies: wrong } = await digestArchive({
    size: source.size,
    entries,
    anomalies,
    limits,
    stream,
    open: async (entry) => memorySource(await collect(stream(entry), entry.size)),
    inPlace: async (entry) => (entry.method === "stored" ? storedOrPacked(source, own(entry)) : null),
  });
  for (const [entry, { crc32: sum }] of of) {
    const told = wrong.some(({ at }) => at === entry.path);
    if (sum !== entry.crc32 && !told) throw new Error("a wrong CRC-32 that nobody reports");
  }
  return { past: entries.some(({ dataOffset }) => dataOffset !== null) };
}

/** Nothing but an AnomalyError may come from reading a single entry either. */
async function runAll(input: Uint8Array): Promise<Result> {
  const result = await run(input);
  const source = memorySource(input);
  for (const entry of (await readZip(source, limits)).entries) {
    if (entry.size > 1 << 20) continue;
    try {
      let size = 0;
      for await (const block of streamZipEntry(source, entry)) size += block.length;
      if (size !== entry.size) throw new Error(`${size} bytes of an entry that declares ${entry.size}`);
    } catch (error) {
      if (!(error instanceof AnomalyError)) throw error;
    }
  }
  return result;
}

export const zipTarget: Target = {
  name: "zip",
  covers: [
    "zip-end",
    "zip-central",
    "zip-walk",
    "zip-descriptor",
    "zip-name",
    "zip-records",
    "zip-format",
    "zip-stream",
    "inflate",
    "header-window",
    "entry-path",
    "digest",
    "nested",
    "inner-crc",
  ].map((file) => `archive/${file}.ts`),
  // Forgets that a ZIP64 field may be too short.
  planted: {
    file: "archive/zip-central.ts",
    find: "if (data === undefined || at + 8 > data.length) {",
    replace: "if (data === undefined) {",
  },
  generate(random) {
    const zip = anyZip(random);
    return random.chance(0.2) ? mutateBytes(zip, random) : zip;
  },
  run: runAll,
};
