import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Archive } from "../../../src/archive/archive.ts";
import { memorySource } from "../../../src/archive/byte-source.ts";
import { openArchive } from "../../../src/archive/open.ts";
import { readZip } from "../../../src/archive/zip-records.ts";
import { archiveSubject } from "../../../src/checks/archive-subject.ts";
import { diffArchives } from "../../../src/diff/diff.ts";
import { TensorDigester } from "../../../src/tensors/digester.ts";
import { oddStrides, runsOf, type StoredTensor, stridedLayout } from "../../../src/tensors/stored-tensor.ts";
import { tensorFiles } from "../../../src/tensors/tensor-files.ts";
import { type DigestedTensor, TensorPass } from "../../../src/tensors/tensor-pass.ts";

const tiny = "fixtures/tiny";
let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "tensors-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What differs once a byte of a copy of `path` is another, by name. */
async function changedBy(path: string, at: number): Promise<readonly string[]> {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const copy = join(folder, basename(path));
  writeFileSync(copy, bytes);
  const [before, after] = [await openArchive(path), await openArchive(copy)];
  try {
    const { tensors, same } = await diffArchives(before, after);
    expect(same).toBe(false);
    expect(tensors.notCompared).toEqual([]);
    for (const { change } of tensors.changed) expect(change).toBe("changed");
    return tensors.changed.map(({ name }) => name);
  } finally {
    await before.close();
    await after.close();
  }
}

const parameters = ["c1.weight", "c1.bias", "c2.weight", "c2.bias", "fc.weight", "fc.bias"];

test.each([
  ["a checkpoint", "tiny.pth", /\/data\/\d+$/],
  ["a whole module in a checkpoint", "tiny_wholemodule.pt", /\/data\/\d+$/],
  ["a traced program", "tiny_traced.pt", /\/data\/\d+$/],
  ["a scripted program", "tiny_scripted.pt", /\/data\/\d+$/],
  ["an exported program", "tiny.pt2", /\/data\/weights\/weight_\d+$/],
])("each storage of %s is one tensor", async (_, name, storage) => {
  const path = join(tiny, name);
  const { entries } = await readZip(memorySource(readFileSync(path)));
  const storages = entries.filter((entry) => storage.test(entry.path));
  const found: string[] = [];
  for (const { dataOffset } of storages) found.push(...(await changedBy(path, (dataOffset ?? 0) + 2)));
  expect(found.toSorted()).toEqual(parameters.toSorted());
});

test("each tensor of a safetensors file", async () => {
  const path = join(tiny, "tiny.safetensors");
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  delete header.__metadata__;
  for (const [name, { data_offsets: offsets }] of Object.entries<{ data_offsets: number[] }>(header)) {
    expect(await changedBy(path, 8 + length + (offsets?.[1] ?? 0) - 1)).toEqual([name]);
  }
});

test("an initializer within the model, and one in the file beside it", async () => {
  const path = join(tiny, "cnn10_static.onnx");
  const bytes = readFileSync(path);
  // TensorProto.raw_data (field 9) of w1, 8x3x3x3 floats: tag and length 864 as a varint.
  const at = bytes.indexOf(Buffer.from([0x4a, 0xe0, 0x06]));
  expect(await changedBy(path, at + 3)).toEqual(["w1"]);
  copyFileSync(`${tiny}/external/model.onnx`, join(folder, "model.onnx"));
  const data = readFileSync(`${tiny}/external/model.onnx.data`);
  data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
  writeFileSync(join(folder, "model.onnx.data"), data);
  const [before, after] = [
    await openArchive(`${tiny}/external/model.onnx`),
    await openArchive(join(folder, "model.onnx")),
  ];
  const { tensors, same, entries } = await diffArchives(before, after);
  await Promise.all([before.close(), after.close()]);
  expect({ same, entries, changed: tensors.changed.length }).toEqual({ same: false, entries: [], changed: 1 });
});

async function digestsOf(path: string): Promise<readonly DigestedTensor[]> {
  const archive = await openArchive(path);
  const pass = await TensorPass.open(archive, await tensorFiles(archive, await archiveSubject(archive).model()));
  await archive.digests((entry) => pass.watch(entry));
  // Nothing is left to read.
  await archive.close();
  const [file] = (await pass.digests()).values();
  await pass.close();
  if (file === undefined || "reason" in file) throw new Error(file?.reason);
  return file.tensors;
}

/** A safetensors file of these tensors, all bytes. */
function safetensors(path: string, tensors: Readonly<Record<string, Uint8Array>>): string {
  let at = 0;
  const header = Object.entries(tensors).map(([name, { length }]) => {
    const row = { dtype: "U8", shape: [length], data_offsets: [at, at + length] };
    at += length;
    return [name, row] as const;
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([size, text, ...Object.values(tensors)]));
  return path;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("digests come from the read that digests the entries, also when a thread does that", async () => {
  const large = Buffer.alloc(30 << 20, "many bytes, ");
  const tensors = { a: Buffer.from("small"), large, none: Buffer.alloc(0) };
  const path = safetensors(join(folder, "large.safetensors"), tensors);
  const found = await digestsOf(path);
  expect(found.map(({ name, sha256: digest }) => [name, digest])).toEqual(
    Object.entries(tensors).map(([name, bytes]) => [name, sha256(bytes)]),
  );
});

test("diff reads a large side once: what it opens besides are headers", async () => {
  const path = safetensors(join(folder, "once.safetensors"), { large: Buffer.alloc(8 << 20, 7) });
  const other = safetensors(join(folder, "other.safetensors"), { large: Buffer.alloc(8 << 20, 8) });
  let read = 0;
  const counted = async (file: string): Promise<Archive> => {
    const archive = await openArchive(file);
    return {
      ...archive,
      async open(entry) {
        const source = await archive.open(entry);
        const { position, size } = source;
        return { size, position, read: (at, length) => ((read += length), source.read(at, length)) };
      },
    };
  };
  const [a, b] = [await counted(path), await counted(other)];
  const { tensors } = await diffArchives(a, b);
  await Promise.all([a.close(), b.close()]);
  expect(tensors.changed).toMatchObject([{ name: "large", change: "changed" }]);
  expect(read).toBeLessThan(1 << 20);
});

test("a tensor that only its name changed is renamed, one with other content is not", async () => {
  const [a, b, c] = [Buffer.from("aaaa"), Buffer.from("bbbb"), Buffer.from("cccc")];
  const old = await openArchive(safetensors(join(folder, "before.safetensors"), { a, other: b, another: b, gone: c }));
  const now = await openArchive(safetensors(join(folder, "after.safetensors"), { moved: a, third: b, gone: a }));
  const { tensors } = await diffArchives(old, now);
  await Promise.all([old.close(), now.close()]);
  const rows = tensors.changed.map(({ change, name, after }) => `${change} ${name} ${after?.name ?? ""}`);
  expect(rows).toEqual([
    "renamed a moved",
    "removed other ",
    "removed another ",
    "changed gone gone",
    "added third third",
  ]);
  expect(tensors.unchanged).toBe(0);
});

test("formats that are not alike, and files that are damaged, are told and not compared", async () => {
  const compare = async (first: string, second: string) => {
    const [a, b] = [await openArchive(first), await openArchive(second)];
    const { tensors } = await diffArchives(a, b);
    await Promise.all([a.close(), b.close()]);
    return tensors;
  };
  const path = join(tiny, "tiny.safetensors");
  expect((await compare(path, `${tiny}/cnn10_static.onnx`)).notCompared).toEqual([
    { path: "cnn10_static.onnx", reason: "tensors of different formats: safetensors and ONNX" },
  ]);
  const cut = join(folder, "cut.safetensors");
  writeFileSync(cut, readFileSync(path).subarray(0, 6000));
  const { changed, notCompared } = await compare(path, cut);
  expect(changed).toEqual([]);
  expect(notCompared).toEqual([{ path: "cut.safetensors", reason: expect.stringContaining("tensors end at byte") }]);
  const legacy = join(folder, "legacy.pth");
  writeFileSync(legacy, Buffer.concat([readFileSync(`${tiny}/tiny_legacy.pth`), Buffer.from("x")]));
  expect((await compare(`${tiny}/tiny_legacy.pth`, legacy)).notCompared).toEqual([
    { path: "tiny_legacy.pth", reason: expect.stringContaining("are not read") },
  ]);
});

/** Shapes with the strides of a transposed, sliced or expanded view of something contiguous. */
const view = fc
  .array(
    fc.record({ count: fc.integer({ min: 1, max: 4 }), gap: fc.integer({ min: 0, max: 2 }), flat: fc.boolean() }),
    {
      maxLength: 4,
    },
  )
  .chain((axes) => {
    let step = 1;
    const strided = axes.map(({ count, gap, flat }) => {
      const axis = { count, stride: flat ? 0 : step };
      if (!flat) step *= count + gap;
      return axis;
    });
    return fc.shuffledSubarray(strided, { minLength: strided.length, maxLength: strided.length });
  });

test("the runs of a view are its elements, each once, in the order of the storage", () => {
  fc.assert(
    fc.property(view, fc.integer({ min: 0, max: 5 }), fc.constantFrom(1, 2, 4), (axes, offset, width) => {
      const [shape, strides] = [axes.map(({ count }) => count), axes.map(({ stride }) => stride)];
      let places = [offset];
      for (const { count, stride } of axes) {
        places = places.flatMap((place) => Array.from({ length: count }, (_, i) => place + i * stride));
      }
      const expected = [...new Set(places)]
        .toSorted((a, b) => a - b)
        .flatMap((place) => [...Array(width).keys()].map((i) => place * width + i));
      const layout = stridedLayout({ width, offset, shape, strides });
      const found = [...runsOf(layout)].flatMap(({ start, end }) =>
        Array.from({ length: end - start }, (_, i) => start + i),
      );
      expect(found).toEqual(expected);
    }),
  );
});

test("however the blocks are cut, a digest is that of the elements", () => {
  const bytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * 31) % 251);
  const source = memorySource(bytes);
  fc.assert(
    fc.property(view, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (axes, cuts) => {
      const [shape, strides] = [axes.map(({ count }) => count), axes.map(({ stride }) => stride)];
      const layout = stridedLayout({ width: 4, offset: 3, shape, strides });
      const tensor: StoredTensor = { name: "t", dtype: "float32", shape, strides, source, parts: [layout] };
      const digester = new TensorDigester([{ tensor, offset: 5 }]);
      for (let at = 0, i = 0; at < bytes.length; i += 1) {
        const block = bytes.subarray(at, at + (cuts[i % cuts.length] ?? 1));
        digester.take(block, at);
        at += block.length;
      }
      const elements = [...runsOf(layout)].map(({ start, end }) => bytes.subarray(start + 5, end + 5));
      expect(digester.digests.get(tensor)).toBe(sha256(Buffer.concat(elements)));
    }),
  );
});

test("the usual order is told from others", () => {
  expect(oddStrides([2, 3], [3, 1])).toBeNull();
  expect(oddStrides([1, 3], [99, 1])).toBeNull();
  expect(oddStrides([2, 3], [1, 2])).toEqual([1, 2]);
});
