import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type ByteSource, memorySource, slice } from "../../../../src/archive/byte-source.ts";
import { type FileSource, openFile } from "../../../../src/archive/file-source.ts";
import { type ExternalFiles, isPlainPath } from "../../../../src/model/onnx/external-data.ts";
import { locateOnnx } from "../../../../src/model/onnx/located.ts";
import { readOnnx } from "../../../../src/model/onnx/model.ts";
import { tensorsOf } from "../../../../src/model/onnx/walk-graph.ts";
import * as o from "./build.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "located-")));
const opened: FileSource[] = [];
afterAll(async () => {
  await Promise.all(opened.map((file) => file.close()));
  rmSync(folder, { recursive: true, force: true });
});

const nothing: ExternalFiles = {
  open: async (location) => ({ problem: "missing", message: location }),
  close: async () => {},
};
const weights = (seed: number, length = 4096): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (index * seed) % 251));

/** A model inside of another file, as an archive stores it. */
async function stored(model: Buffer, name: string): Promise<ByteSource> {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([Buffer.from("in front of it"), model, Buffer.from("behind it")]));
  const file = await openFile(path);
  opened.push(file);
  return slice(file, 14, model.length);
}

/** What each tensor of the rewritten model holds, wherever it says its bytes are. */
async function contents(bytes: Uint8Array, from: string | null): Promise<Record<string, Buffer>> {
  const out: Record<string, Buffer> = {};
  for (const tensor of tensorsOf(await readOnnx(memorySource(bytes)))) {
    const { external } = tensor;
    const raw = tensor.raw.at(-1);
    if (external === null) out[tensor.name] = Buffer.from(raw ? bytes.subarray(raw.at, raw.end) : []);
    else {
      const file = readFileSync(join(from ?? "", external.get("location") ?? ""));
      const offset = Number(external.get("offset"));
      out[tensor.name] = file.subarray(offset, offset + Number(external.get("length")));
    }
  }
  return out;
}

describe("a model that runs in place", () => {
  test("only its graph is copied; large tensors point into the file that holds them", async () => {
    const model = o.model(
      o.node("MatMul", ["x", "w"], ["y"]),
      o.initializer(o.tensor("w", [32, 32], { raw: weights(7) })),
      o.initializer(o.tensor("small", [2], { raw: Buffer.alloc(8, 3) })),
      o.initializer(o.tensor("shape", [512], { type: 7, raw: weights(3) })),
      o.output("y", [1]),
      o.message(99, "of a later version"),
    );
    const located = await locateOnnx(await readOnnx(await stored(model, "a.mar")), nothing);
    expect(located.model.folder).toBe(folder);
    expect(located.model.bytes.length).toBeLessThan(model.length - 3900);
    expect(Buffer.from(located.model.bytes).includes("of a later version")).toBe(true);
    expect(await contents(located.model.bytes, folder)).toEqual({
      w: weights(7),
      small: Buffer.alloc(8, 3),
      shape: weights(3),
    });
    const tensors = [...tensorsOf(await readOnnx(memorySource(located.model.bytes)))];
    expect(tensors.map(({ name, external }) => [name, external !== null])).toEqual([
      ["w", true],
      ["small", false],
      ["shape", false],
    ]);
  });

  test("tensors in constants and subgraphs, too", async () => {
    const constant = o.message(5, o.message(1, "value"), o.message(5, o.tensor("c", [1024], { raw: weights(5) })));
    const branch = o.message(
      5,
      o.message(1, "then_branch"),
      o.message(6, o.initializer(o.tensor("b", [1024], { raw: weights(9) }))),
    );
    const model = o.model(o.node("Constant", [], ["k"], constant), o.node("If", ["q"], ["y"], branch));
    const located = await locateOnnx(await readOnnx(await stored(model, "b.mar")), nothing);
    expect(located.model.bytes.length).toBeLessThan(500);
    expect(await contents(located.model.bytes, folder)).toEqual({ c: weights(5), b: weights(9) });
  });

  test("a model that lies in no file stays as it is", async () => {
    const model = o.product(o.tensor("w", [32, 32], { raw: weights(7) }));
    const located = await locateOnnx(await readOnnx(memorySource(model)), nothing);
    expect(located.model.folder).toBeNull();
    expect(Buffer.from(located.model.bytes).equals(model)).toBe(true);
  });

  test("external data of the model is found where its file lies, small pieces come inside", async () => {
    const data = Buffer.concat([weights(11), Buffer.alloc(16, 9)]);
    const source = await stored(data, "c.mar");
    const files: ExternalFiles = { open: async () => ({ source }), close: async () => {} };
    const model = o.model(
      o.initializer(o.tensor("large", [1024], { external: { location: "w.bin", offset: "0", length: "4096" } })),
      o.initializer(o.tensor("small", [4], { external: { location: "w.bin", offset: "4096" } })),
    );
    const located = await locateOnnx(await readOnnx(memorySource(model)), files);
    expect(await contents(located.model.bytes, folder)).toEqual({ large: weights(11), small: Buffer.alloc(16, 9) });
    expect(Buffer.from(located.model.bytes).includes("c.mar")).toBe(true);
    expect(Buffer.from(located.model.bytes).includes("w.bin")).toBe(false);
  });

  test("data that is missing, too short or of another size throws", async () => {
    const at = (external: Record<string, string>): Buffer =>
      o.model(o.initializer(o.tensor("w", [1024], { external })));
    const short: ExternalFiles = {
      open: async () => ({ source: memorySource(Buffer.alloc(100)) }),
      close: async () => {},
    };
    for (const [files, external] of [
      [nothing, { location: "w.bin" }],
      [short, { location: "w.bin" }],
      [short, { location: "w.bin", length: "100" }],
      [short, { location: "w.bin", offset: "-1" }],
    ] as const) {
      await expect(locateOnnx(await readOnnx(memorySource(at(external))), files)).rejects.toThrow("tensor w");
    }
  });
});

test("locations are plain relative paths or nothing", () => {
  for (const good of ["w.bin", "data/w.bin", "./w.bin", "a b.data", "…"]) expect(isPlainPath(good)).toBe(true);
  for (const bad of [
    "",
    "/etc/passwd",
    "../w",
    "a/../b",
    "a//b",
    "a/",
    "C:\\w",
    "c:w",
    "file:///w",
    "a\\b",
    "a\0b",
    ".",
    "a/./b",
  ]) {
    expect(isPlainPath(bad)).toBe(false);
  }
});
