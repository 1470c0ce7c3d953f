import { expect, test } from "vitest";
import type { ByteSource } from "../../../src/archive/byte-source.ts";
import { openFile } from "../../../src/archive/file-source.ts";
import { openRecord, readTorchArchive } from "../../../src/model/torch-archive.ts";

test("hundreds of records cost a few reads: over a network each would be a request", async () => {
  await using file = await counted("fixtures/torch-zoo/mobilenet_v3_scripted.pt");
  const { records, version } = await readTorchArchive(file.source);
  expect(records.size).toBe(439);
  expect(version).toBe("3");
  const record = records.get("constants.pkl");
  if (record === undefined) throw new Error("no constants.pkl");
  const opened = await openRecord(file.source, record);
  expect([...(await opened.read(0, 2))]).toEqual([0x80, 2]);
  expect(file.reads()).toBeLessThan(12);
});

async function counted(path: string): Promise<AsyncDisposable & { source: ByteSource; reads: () => number }> {
  const file = await openFile(path);
  let reads = 0;
  const read = (offset: number, length: number): Promise<Uint8Array> => {
    reads += 1;
    return file.read(offset, length);
  };
  return {
    source: { size: file.size, position: file.position, read },
    reads: () => reads,
    [Symbol.asyncDispose]: () => file.close(),
  };
}
