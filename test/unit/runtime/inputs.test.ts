import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { ValueInfo } from "../../../src/graph/graph.ts";
import { dummyInputs } from "../../../src/runtime/dummy-input.ts";
import { inputText } from "../../../src/runtime/input-text.ts";
import { parseInput } from "../../../src/runtime/input-spec.ts";
import { readNpy } from "../../../src/runtime/npy.ts";

describe("--input", () => {
  const tensor = (
    shape: number[],
    dtype: string | null = null,
    fill: string | null = null,
    name: string | null = null,
  ) => ({
    kind: "tensor",
    name,
    shape,
    dtype,
    fill,
  });

  test.each([
    ["1x3x224x224", tensor([1, 3, 224, 224])],
    ["1x3x224x224@wave", tensor([1, 3, 224, 224], null, "wave")],
    ["2x16:int64@zeros", tensor([2, 16], "int64", "zeros")],
    ["ids=1x16:int64", tensor([1, 16], "int64", null, "ids")],
    ["input:0=1x2", tensor([1, 2], null, null, "input:0")],
    ["a=b=4", tensor([4], null, null, "a=b")],
    ["16000:int64", tensor([16_000], "int64")],
    ["16000:bool", tensor([16_000], "bool")],
    ["0x4:float16", tensor([0, 4], "float16")],
    ["scalar:int32@ones", tensor([], "int32", "ones")],
    ["7", tensor([7])],
    ["16000:int", { kind: "int", name: null, value: 16_000 }],
    ["n=-3:int", { kind: "int", name: "n", value: -3 }],
    ["0.5:float", { kind: "float", name: null, value: 0.5 }],
    ["1e-3:float", { kind: "float", name: null, value: 0.001 }],
    ["2:float", { kind: "float", name: null, value: 2 }],
    ["true:bool", { kind: "bool", name: null, value: true }],
    ["flag=False:bool", { kind: "bool", name: "flag", value: false }],
    ["@x.npy", { kind: "file", name: null, path: "x.npy" }],
    ["mask=@dir/my mask.npy", { kind: "file", name: "mask", path: "dir/my mask.npy" }],
    ["@a=b.npy", { kind: "file", name: null, path: "a=b.npy" }],
  ])("%s", (text, expected) => expect(parseInput(text)).toEqual(expected));

  test.each([
    "",
    "x",
    "1x",
    "-1x3",
    "1x3:floaty",
    "1x3@sevens",
    "=1x3",
    "1.5:int",
    "yes:bool",
    "99999x99999x99999",
    "1 x 3",
    "1x3:float",
  ])("%j is refused with a reason", (text) => expect(parseInput(text)).toMatch(/\S/));

  test("what is printed as a remedy can be typed again", () => {
    for (const text of ["1x3x224x224", "ids=1x16:int64", "scalar:bool", "n=5:int"]) {
      const spec = parseInput(text);
      if (typeof spec === "string" || spec.kind === "file") throw new Error(text);
      const input =
        spec.kind === "tensor"
          ? { ...spec, dtype: spec.dtype ?? ("float32" as const), fill: { kind: "zeros" as const } }
          : spec;
      expect(inputText(input, true)).toBe(text);
    }
  });
});

describe("dummy inputs from a signature", () => {
  const options = { fill: null, seed: 0 } as const;
  const shapes = (...inputs: ValueInfo[]) => {
    const made = dummyInputs(inputs, [], options);
    return typeof made === "string" ? made : made.map((input) => (input.kind === "tensor" ? input.shape : null));
  };
  const value = (shape: ValueInfo["shape"], dtype: ValueInfo["dtype"] = "float32", name = "x"): ValueInfo => ({
    name,
    dtype,
    shape,
  });

  test.each<[string, ValueInfo, number[]]>([
    ["a dynamic batch of pictures", value(["batch", 3, 224, 224]), [1, 3, 224, 224]],
    ["everything dynamic", value([null, null, null, null]), [1, 3, 224, 224]],
    ["nothing known", value(null), [1, 3, 224, 224]],
    ["a fixed batch", value([4, 3, 224, 224]), [4, 3, 224, 224]],
    ["digits", value(["N", 1, 28, 28]), [1, 1, 28, 28]],
    ["channels last", value(["n", "h", "w", 3], "uint8"), [1, 224, 224, 3]],
    ["height and width by name", value([1, 3, "height", "width"]), [1, 3, 224, 224]],
    ["tokens", value(["batch", "sequence"], "int64"), [1, 16]],
    ["tokens without names", value([null, null], "int64"), [1, 16]],
    ["features", value([null, 13]), [1, 13]],
    ["sound by the name of the input", value([null, null], "float32", "audio"), [1, 16_000]],
    ["sound by the name of the dimension", value(["batch", "samples"]), [1, 16_000]],
    ["a cache of nothing", value(["batch", 8, "past_sequence_length", 64]), [1, 8, 0, 64]],
    ["a scalar", value([]), []],
  ])("%s", (_, input, expected) => expect(shapes(input)).toEqual([expected]));

  test("one name is one size, and a sum of names is their sum", () => {
    expect(
      shapes(
        value(["batch", "seq"], "int64", "ids"),
        value(["batch", 2, "past_len", 4], "float32", "past"),
        value(["batch", "past_len + seq"], "int64", "mask"),
      ),
    ).toEqual([
      [1, 16],
      [1, 2, 0, 4],
      [1, 16],
    ]);
  });

  test("indices are zero and masks are one, unless the user says otherwise", () => {
    const inputs = [value([1, 4], "int64", "input_ids"), value([1, 4], "int64", "attention_mask"), value([1, 4])];
    const fills = (fill: "wave" | null) => {
      const made = dummyInputs(inputs, [], { fill, seed: 5 });
      return typeof made === "string" ? made : made.map((input) => (input.kind === "tensor" ? input.fill : null));
    };
    expect(fills(null)).toEqual([{ kind: "zeros" }, { kind: "ones" }, { kind: "random", seed: 5 }]);
    expect(fills("wave")).toEqual([{ kind: "wave" }, { kind: "wave" }, { kind: "wave" }]);
  });

  test("named values go to their inputs, the others in order", () => {
    const specs = ["1x2", "c=1x3:int32@ones"].map(parseInput).flatMap((spec) => {
      return typeof spec === "string" || spec.kind === "file" ? [] : [spec];
    });
    const inputs = [value([null, null], "float32", "a"), value([1], "float32", "b"), value([null, null], "int32", "c")];
    expect(dummyInputs(inputs, specs, options)).toMatchObject([
      { name: "a", shape: [1, 2], dtype: "float32" },
      { name: "b", shape: [1] },
      { name: "c", shape: [1, 3], dtype: "int32", fill: { kind: "ones" } },
    ]);
    expect(dummyInputs(inputs.slice(0, 1), specs, options)).toMatch("no input c");
    expect(dummyInputs([], specs.slice(0, 1), options)).toMatch("1 values for 0 inputs");
  });
});

describe(".npy", () => {
  const npy = (header: string, data: Uint8Array, version = 1): Uint8Array => {
    const text = Buffer.from(`${header}\n`, "latin1");
    const size = version === 1 ? Buffer.alloc(2) : Buffer.alloc(4);
    if (version === 1) size.writeUInt16LE(text.length);
    else size.writeUInt32LE(text.length);
    return Buffer.concat([Buffer.from("\u0093NUMPY", "latin1"), Buffer.from([version, 0]), size, text, data]);
  };
  const header = (descr: string, shape: string, fortran = "False") =>
    `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

  test("little-endian, row by row, is taken as it is", () => {
    const data = new Uint8Array(new Float32Array([1, 2, 3, 4, 5, 6]).buffer);
    expect(readNpy(npy(header("<f4", "(2, 3)"), data))).toMatchObject({ dtype: "float32", shape: [2, 3] });
    expect(readNpy(npy(header("<f4", "(6,)"), data, 2))).toMatchObject({ shape: [6] });
    expect(readNpy(npy(header("|b1", "()"), Uint8Array.of(1), 3))).toMatchObject({ dtype: "bool", shape: [] });
  });

  test("column order and big-endian are turned", () => {
    const column = new Uint8Array(new Int16Array([1, 4, 2, 5, 3, 6]).buffer);
    const read = readNpy(npy(header("<i2", "(2, 3)", "True"), column));
    if (typeof read === "string") throw new Error(read);
    expect([...new Int16Array(read.bytes.slice().buffer)]).toEqual([1, 2, 3, 4, 5, 6]);
    const big = readNpy(npy(header(">u2", "(2,)"), Uint8Array.of(1, 2, 3, 4)));
    if (typeof big === "string") throw new Error(big);
    expect([...big.bytes]).toEqual([2, 1, 4, 3]);
  });

  test.each([
    ["a picture", Buffer.from("\u0089PNG\r\n\u001a\n0000", "latin1")],
    ["objects", npy(header("|O", "(1,)"), new Uint8Array(8))],
    ["a shape larger than the data", npy(header("<f8", "(1000000000, 1000000000)"), new Uint8Array(8))],
    ["a header that is cut", npy(header("<f8", "(1,)"), new Uint8Array(8)).subarray(0, 20)],
    ["a header without a shape", npy("{'descr': '<f4'}", new Uint8Array(8))],
  ])("%s is refused with a reason", (_, bytes) => expect(readNpy(bytes)).toMatch(/\S/));

  const python = process.env["MODEL_ARCHIVER_TEST_PYTHON"];
  test.skipIf(!python)("what numpy writes (skipped: needs MODEL_ARCHIVER_TEST_PYTHON)", () => {
    const code =
      "import numpy,sys,io;b=io.BytesIO();numpy.save(b,numpy.asfortranarray(numpy.arange(24).reshape(2,3,4).astype('>i4')));sys.stdout.buffer.write(b.getvalue())";
    const read = readNpy(execFileSync(python ?? "", ["-c", code]));
    if (typeof read === "string") throw new Error(read);
    expect(read.shape).toEqual([2, 3, 4]);
    expect([...new Int32Array(read.bytes.slice().buffer)]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });
});
