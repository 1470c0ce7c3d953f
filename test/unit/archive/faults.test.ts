import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, expect, test } from "vitest";
import { type ByteSource, memorySource } from "../../../src/archive/byte-source.ts";
import { digestArchive } from "../../../src/archive/digest.ts";
import { gunzip } from "../../../src/archive/gzip.ts";
import { defaultLimits } from "../../../src/archive/limits.ts";
import { readTar } from "../../../src/archive/tar-records.ts";
import { Unpacked } from "../../../src/archive/unpacked.ts";
import { readZip } from "../../../src/archive/zip-records.ts";
import { storedOrPacked, streamZipEntry } from "../../../src/archive/zip-stream.ts";
import { ArchiverError } from "../../../src/errors.ts";
import { hostileTar, pax } from "./hostile-tar.ts";
import { hostileZip } from "./hostile-zip.ts";

/** The same bytes; the read number `failing` (from 0) fails as a disk does. */
function faulty(bytes: Uint8Array, failing: number): { source: ByteSource; reads: () => number } {
  const inner = memorySource(bytes);
  let reads = 0;
  const source: ByteSource = {
    ...inner,
    async read(offset, length) {
      reads += 1;
      if (reads > failing) throw new ArchiverError("unreadable", "injected");
      return inner.read(offset, length);
    },
  };
  return { source, reads: () => reads };
}

const tmp = mkdtempSync(join(tmpdir(), "faults-test-"));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));
afterEach(() => expect(readdirSync(tmp)).toEqual([]));

const noise = Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 13) & 0xff));
const zip = hostileZip([
  { name: "a.py", data: "print(1)\n" },
  { name: "b.py", data: "print(2)\n", deflate: true },
  {
    name: "m.pt",
    data: hostileZip([
      { name: "m/data.pkl", data: "\x80\x02." },
      { name: "m/data/0", data: noise },
    ]),
  },
  { name: "w.bin", data: noise, deflate: true },
  { name: "n.zip", data: hostileZip([{ name: "x", data: "y" }]), deflate: true },
]);
const tar = hostileTar([
  pax({ path: "m/long" }),
  { name: "m/a", data: "x".repeat(3000) },
  { name: "m/b", data: noise },
]);

async function zipWork(source: ByteSource): Promise<unknown> {
  const { entries, anomalies } = await readZip(source);
  const unpacked = new Unpacked(tmp);
  try {
    const byPath = new Map(entries.map((entry) => [entry.path, entry]));
    const own = (path: string) => byPath.get(path) ?? expect.fail(path);
    const stream = (entry: { path: string }) => streamZipEntry(source, own(entry.path));
    const digests = await digestArchive({
      size: source.size,
      entries,
      anomalies,
      limits: defaultLimits,
      stream,
      open: (entry) => unpacked.source(entry, () => stream(entry)),
      inPlace: async (entry) => (entry.method === "stored" ? storedOrPacked(source, own(entry.path)) : null),
    });
    return [anomalies, [...digests.of.values()], digests.anomalies];
  } finally {
    await unpacked.close();
  }
}

async function tarWork(source: ByteSource): Promise<unknown> {
  const { entries, anomalies } = await readTar(source, defaultLimits);
  return [entries, anomalies];
}

async function gzipWork(source: ByteSource): Promise<unknown> {
  const unpacked = await gunzip(source, defaultLimits, tmp);
  try {
    return [unpacked.anomalies, await tarWork(unpacked.source)];
  } finally {
    await unpacked.close();
  }
}

test.each<[string, Uint8Array, (source: ByteSource) => Promise<unknown>]>([
  ["ZIP", zip, zipWork],
  ["tar", tar, tarWork],
  ["gzip", gzipSync(tar), gzipWork],
])("%s: a read that fails is that failure, at whichever read, and nothing hangs", async (_, bytes, work) => {
  const sound = faulty(bytes, Number.POSITIVE_INFINITY);
  const expected = await work(sound.source);
  const total = sound.reads();
  expect(total).toBeGreaterThan(2);
  for (let n = 0; n < Math.min(200, total); n += 1) {
    await expect(work(faulty(bytes, n).source), `read ${n} of ${total}`).rejects.toThrow("injected");
  }
  expect(await work(faulty(bytes, total).source)).toEqual(expected);
});
