import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ByteSource, memorySource } from "../../../../src/archive/byte-source.ts";
import { MalformedModel } from "../../../../src/model/malformed.ts";
import { readOnnx } from "../../../../src/model/onnx/model.ts";
import { onnxSignature } from "../../../../src/model/onnx/signature.ts";
import { readVarint } from "../../../../src/model/onnx/wire.ts";
import { readSignature } from "../../../../src/model/read-signature.ts";
import { sniffFormat } from "../../../../src/model/sniff-format.ts";
import * as o from "./build.ts";

const fixtures = join(import.meta.dirname, "../../../../fixtures");
const fixture = (path: string): ByteSource => memorySource(readFileSync(join(fixtures, path)));

describe("varints", () => {
  test("every unsigned 64-bit number comes back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const bytes = o.varint(value);
        expect(BigInt(readVarint(bytes, 0).value)).toBe(value);
        expect(readVarint(bytes, 0).length).toBe(bytes.length);
      }),
    );
  });
  test("eleven bytes, or more than 64 bits, are malformed", () => {
    expect(() => readVarint(Buffer.alloc(11, 255), 0)).toThrow(MalformedModel);
    expect(() => readVarint(Buffer.from([...Array.from({ length: 9 }, () => 255), 2]), 0)).toThrow(MalformedModel);
    expect(() => readVarint(Buffer.of(128), 0)).toThrow(MalformedModel);
  });
});

describe("the signature", () => {
  test("of a model with two inputs", async () => {
    const signature = await readSignature(fixture("tiny/bert_like.onnx"), "onnx");
    expect(signature?.inputs).toEqual([
      { name: "input_ids", dtype: "int64", shape: ["batch", "sequence"] },
      { name: "attention_mask", dtype: "int64", shape: ["batch", "sequence"] },
    ]);
    expect(signature?.outputs.map(({ name }) => name)).toEqual(["last_hidden_state", "logits"]);
  });
  test("leaves initializers out of the inputs, and counts their elements", async () => {
    const weights = o.tensor("w", [2, 2], { raw: Buffer.alloc(16) });
    const bytes = o.model(
      o.input("w", [2, 2]),
      o.input("x", [1, 2]),
      o.initializer(weights),
      o.node("MatMul", ["x", "w"], ["y"]),
      o.output("y", [1, 2]),
    );
    const signature = onnxSignature(await readOnnx(memorySource(bytes)));
    expect(signature.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(signature.parameters).toBe(4);
    expect(signature.operators).toEqual({ MatMul: 1 });
    expect(signature.facts).toMatchObject({ "IR version": "9", opset: "ai.onnx 17" });
  });
  test("counts operators of subgraphs and functions, with their domain", async () => {
    const branch = o.message(5, o.message(1, "then_branch"), o.message(6, o.node("Neg", ["x"], ["z"])));
    const fn = o.message(
      25,
      o.message(1, "F"),
      o.message(4, "a"),
      o.message(5, "b"),
      o.message(7, o.node("Abs", ["a"], ["b"]).subarray(2)),
    );
    const graph = o.message(
      7,
      o.node("If", ["c"], ["y"], branch),
      o.node("G", ["x"], ["u"], o.message(7, "my.domain")),
    );
    const bytes = Buffer.concat([o.integer(1, 9), o.opset(17), graph, fn]);
    const { operators } = onnxSignature(await readOnnx(memorySource(bytes)));
    expect(operators).toEqual({ Abs: 1, If: 1, Neg: 1, "my.domain:G": 1 });
  });
  test("names what is no plain tensor", async () => {
    // seq(map(int64, tensor(float)))
    const element = o.message(2, o.message(1, o.integer(1, 1)));
    const map = o.message(5, o.integer(1, 7), element);
    const type = o.message(2, o.message(4, o.message(1, map)));
    const bytes = o.model(o.message(12, o.message(1, "out"), type));
    expect(onnxSignature(await readOnnx(memorySource(bytes))).outputs[0]?.type).toBe("seq(map(int64, float32))");
  });
  test("merges a graph that is written in two parts, in any order of fields", async () => {
    const first = o.message(7, o.node("Relu", ["x"], ["y"]));
    const second = o.message(7, o.input("x", [1]), o.output("y", [1]));
    const bytes = Buffer.concat([second, o.opset(17), first, o.integer(1, 9)]);
    expect(await sniffFormat(memorySource(bytes))).toBe("onnx");
    const signature = onnxSignature(await readOnnx(memorySource(bytes)));
    expect(signature.operators).toEqual({ Relu: 1 });
    expect(signature.inputs.length).toBe(1);
  });
});

/** A source of any size whose bytes are zero except for some pieces; counts what is read. */
function sparse(size: number, pieces: readonly (readonly [number, Uint8Array])[]): ByteSource & { bytesRead: number } {
  return {
    size,
    position: null,
    bytesRead: 0,
    async read(offset, length) {
      if (offset < 0 || offset + length > size) throw new RangeError("outside");
      this.bytesRead += length;
      const out = new Uint8Array(length);
      for (const [at, bytes] of pieces) {
        for (let index = Math.max(0, offset - at); index < bytes.length && at + index < offset + length; index++) {
          out[at + index - offset] = bytes[index] ?? 0;
        }
      }
      return out;
    },
  };
}

describe("large models", () => {
  test("a model of 2 GB costs less than a megabyte", async () => {
    const payload = 20_000_000;
    const pieces: (readonly [number, Uint8Array])[] = [];
    const heads = Array.from({ length: 110 }, (_, index) => {
      const rest = Buffer.concat([
        o.integer(1, payload / 4),
        o.integer(2, 1),
        o.message(8, `w${index}`),
        o.varint(9 * 8 + 2),
        o.varint(payload),
      ]);
      return Buffer.concat([o.varint(5 * 8 + 2), o.varint(rest.length + payload), rest]);
    });
    const graphSize = heads.reduce((sum, head) => sum + head.length + payload, 0);
    const start = Buffer.concat([o.integer(1, 9), o.opset(17), o.varint(7 * 8 + 2), o.varint(graphSize)]);
    pieces.push([0, start]);
    let at = start.length;
    for (const head of heads) {
      pieces.push([at, head]);
      at += head.length + payload;
    }
    const source = sparse(at, pieces);
    expect(source.size).toBeGreaterThan(2 ** 31);
    const model = await readOnnx(source);
    expect(model.graph?.initializers.length).toBe(110);
    expect(onnxSignature(model).parameters).toBe(110 * (payload / 4));
    expect(source.bytesRead).toBeLessThan(1_000_000);
  });
  test("unpacked elements are counted, not kept", async () => {
    const one = Buffer.concat([o.varint(4 * 8 + 5), Buffer.alloc(4)]);
    const weights = Buffer.concat([o.tensor("w", [5000]), ...Array.from({ length: 5000 }, () => one)]);
    const model = await readOnnx(memorySource(o.product(weights)));
    expect(model.graph?.initializers[0]?.typed).toEqual({ fewest: 5000, most: 5000 });
    expect(model.graph?.initializers[0]?.field.fields?.length).toBeLessThan(10);
  });
});

describe("broken files", () => {
  const good = o.product(o.tensor("w", [2, 2], { raw: Buffer.alloc(16, 1) }));
  test("no cut of a model reads as a whole one, and none does more than throw MalformedModel", async () => {
    for (let length = 0; length < good.length; length++) {
      const reading = readOnnx(memorySource(good.subarray(0, length))).then(
        (model) => model.graph === null,
        (error: unknown) => error instanceof MalformedModel,
      );
      expect(await reading).toBe(true);
    }
  });
  test("any bytes either read or are malformed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(good.length), async (noise, at) => {
        const bytes = Buffer.concat([good.subarray(0, at), noise, good.subarray(at)]);
        await sniffFormat(memorySource(bytes));
        try {
          onnxSignature(await readOnnx(memorySource(bytes)));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedModel);
        }
      }),
      { numRuns: 300 },
    );
  });
  test("graphs in graphs end at a limit, small and large ones", async () => {
    for (const padding of [0, 5000]) {
      let graph: Buffer = o.node("Relu", ["x"], ["y"], o.message(3, "n".repeat(padding)));
      for (let depth = 0; depth < 200; depth++)
        graph = o.node("If", ["c"], ["y"], o.message(5, o.message(1, "b"), o.message(6, graph)));
      await expect(readOnnx(memorySource(o.model(graph)))).rejects.toThrow(MalformedModel);
    }
  });
});

describe("telling formats", () => {
  test.each([
    ["tiny/cnn1000.onnx", "onnx"],
    ["tiny/truncated.onnx", "onnx"],
    ["tiny/garbage.onnx", "unknown"],
    ["tiny/empty.onnx", "unknown"],
    ["tiny/tiny_traced.pt", "torchscript"],
    ["tiny/tiny_scripted.pt", "torchscript"],
    ["tiny/tiny.pth", "torch-zip"],
    ["tiny/tiny_wholemodule.pt", "torch-zip"],
    ["tiny/tiny_legacy.pth", "torch-legacy"],
    ["tiny/tiny.pt2", "torch-export"],
    ["tiny/tiny.safetensors", "safetensors"],
    ["tiny/malicious.pkl", "pickle"],
    ["tiny/golden_torch.json", "unknown"],
    ["tiny/gen_onnx.py", "unknown"],
  ])("%s is %s", async (path, format) => {
    expect(await sniffFormat(fixture(path))).toBe(format);
  });
});
