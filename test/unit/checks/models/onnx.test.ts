import { describe, expect, test } from "vitest";
import * as o from "../../model/onnx/build.ts";
import { archiveOf, judge, judgeModel } from "./memory-archive.ts";

const weights = o.tensor("w", [2, 2], { raw: Buffer.alloc(16, 1) });
const ends = [o.input("x", [1, 2]), o.output("y", [1, 2])];
const fn = (name: string, ...nodes: readonly Buffer[]): Buffer =>
  o.message(
    25,
    o.message(1, name),
    o.message(4, "a"),
    o.message(5, "b"),
    ...nodes.map((one) => o.message(7, one.subarray(2))),
    o.opset(17).subarray(0, 0),
    o.message(10, "loc"),
  );
const withFunctions = (graph: readonly Buffer[], ...functions: readonly Buffer[]): Buffer =>
  Buffer.concat([o.model(...graph), o.opset(1, "loc"), ...functions]);
const inDomain = (domain: string): Buffer => o.message(7, domain);
const branch = (name: string, ...graph: readonly Buffer[]): Buffer =>
  o.message(5, o.message(1, name), o.message(6, ...graph));

const sound: Readonly<Record<string, Buffer>> = {
  "a product": o.product(weights),
  "nodes in any order": o.model(...ends, o.node("Relu", ["z"], ["y"]), o.node("Abs", ["x"], ["z"])),
  "a branch that takes a value from outside": o.model(
    ...ends,
    o.node("If", ["x"], ["y"], branch("then_branch", o.node("Abs", ["x"], ["t"]), o.output("t", [1]))),
  ),
  "inputs and outputs left out": o.model(...ends, o.node("Clip", ["x", "", ""], ["y", ""])),
  "a function": withFunctions(
    [...ends, o.node("F", ["x"], ["y"], inDomain("loc"))],
    fn("F", o.node("Abs", ["a"], ["b"])),
  ),
  "typed data": o.model(
    ...ends,
    o.node("Add", ["x", "w"], ["y"]),
    o.initializer(Buffer.concat([o.tensor("w", [2]), o.message(4, Buffer.alloc(8))])),
  ),
  "four-bit integers": o.model(
    ...ends,
    o.node("Cast", ["x"], ["y"]),
    o.initializer(o.tensor("q", [3], { type: 22, raw: Buffer.alloc(2) })),
  ),
  "no elements": o.model(...ends, o.node("Abs", ["x"], ["y"]), o.initializer(o.tensor("e", [0, 4]))),
};

const hostile: Readonly<Record<string, readonly [check: string, model: Buffer]>> = {
  "a cycle": [
    "onnx/graph",
    o.model(...ends, o.node("Add", ["x", "b"], ["a"]), o.node("Abs", ["a"], ["b"]), o.node("Abs", ["b"], ["y"])),
  ],
  "a cycle through a branch": [
    "onnx/graph",
    o.model(
      ...ends,
      o.node("If", ["x"], ["y"], branch("then_branch", o.node("Abs", ["y"], ["t"]), o.output("t", [1]))),
    ),
  ],
  "a value that nothing makes": ["onnx/graph", o.model(...ends, o.node("Abs", ["nowhere"], ["y"]))],
  "a value made twice": ["onnx/graph", o.model(...ends, o.node("Abs", ["x"], ["y"]), o.node("Neg", ["x"], ["y"]))],
  "an output that nothing makes": ["onnx/graph", o.model(...ends)],
  "a function that calls itself": [
    "onnx/graph",
    withFunctions(
      [...ends, o.node("F", ["x"], ["y"], inDomain("loc"))],
      fn("F", o.node("F", ["a"], ["b"], inDomain("loc"))),
    ),
  ],
  "functions that call each other": [
    "onnx/graph",
    withFunctions(
      [...ends, o.node("F", ["x"], ["y"], inDomain("loc"))],
      fn("F", o.node("G", ["a"], ["b"], inDomain("loc"))),
      fn("G", o.node("F", ["a"], ["b"], inDomain("loc"))),
    ),
  ],
  "too little data": ["onnx/tensor-size", o.product(o.tensor("w", [2, 2], { raw: Buffer.alloc(8) }))],
  "too much data": ["onnx/tensor-size", o.product(o.tensor("w", [2, 2], { raw: Buffer.alloc(20) }))],
  "no data": ["onnx/tensor-size", o.product(o.tensor("w", [2, 2]))],
  "dimensions whose product overflows": [
    "onnx/tensor-size",
    o.product(o.tensor("w", [2 ** 40, 2 ** 40], { raw: Buffer.alloc(16) })),
  ],
  "a negative dimension": ["onnx/tensor-size", o.product(o.tensor("w", [-1, 2], { raw: Buffer.alloc(16) }))],
  "an unknown element type": [
    "onnx/tensor-size",
    o.product(o.tensor("w", [2, 2], { type: 77, raw: Buffer.alloc(16) })),
  ],
  "a lie inside of a constant": [
    "onnx/tensor-size",
    o.model(
      ...ends,
      o.node(
        "Constant",
        [],
        ["y"],
        o.message(5, o.message(1, "value"), o.message(5, o.tensor("c", [9], { raw: Buffer.alloc(4) }))),
      ),
    ),
  ],
  "an IR version to come": ["onnx/newer-than-engine", Buffer.concat([o.product(weights), o.integer(1, 99)])],
  "an opset to come": ["onnx/newer-than-engine", Buffer.concat([o.product(weights), o.opset(99)])],
  "operators without their opset": [
    "onnx/newer-than-engine",
    o.model(...ends, o.node("Scaler", ["x"], ["y"], inDomain("ai.onnx.ml"))),
  ],
  "an operator that calls Python": [
    "onnx/python-operator",
    Buffer.concat([
      o.opset(1, "ai.onnx.contrib"),
      o.model(...ends, o.node("PyOp", ["x"], ["y"], inDomain("ai.onnx.contrib"))),
    ]),
  ],
};

describe("ONNX checks", () => {
  test.each(Object.entries(sound))("%s passes", async (_title, model) => {
    const { errors, warnings } = await judgeModel("model.onnx", model);
    expect([errors, warnings]).toEqual([[], []]);
  });
  test.each(Object.entries(hostile))("%s is refused", async (_title, [check, model]) => {
    expect((await judgeModel("model.onnx", model)).errors).toEqual([check]);
  });
  test("operators of another domain are named in a warning", async () => {
    const model = Buffer.concat([
      o.opset(1, "com.example"),
      o.model(...ends, o.node("Odd", ["x"], ["y"], inDomain("com.example"))),
    ]);
    const { errors, warnings } = await judgeModel("model.onnx", model);
    expect([errors, warnings]).toEqual([[], ["onnx/custom-domain"]]);
  });
  test("a file by another name is told by its content; one called .onnx must be one", async () => {
    expect((await judgeModel("weights.dat", o.product(o.tensor("w", [9])))).errors).toEqual(["onnx/tensor-size"]);
    expect((await judgeModel("model.onnx", Buffer.from("nothing of the kind"))).errors).toEqual(["onnx/malformed"]);
  });
});

type Place = Readonly<Record<string, string>>;

describe("external data", () => {
  const model = (external: Readonly<Record<string, string>>, dims = [2, 2]): Buffer =>
    o.product(o.tensor("w", dims, { external }));
  const packed = (bytes: Buffer, files: Readonly<Record<string, Buffer>> = {}): ReturnType<typeof judge> =>
    judge(archiveOf("model.onnx", { "model.onnx": bytes, ...files }));

  test("beside the model, whole", async () => {
    const file = { "w.bin": Buffer.alloc(32) };
    const places: readonly Place[] = [
      { location: "w.bin" },
      { location: "w.bin", offset: "16", length: "16" },
      { location: "./w.bin", offset: "8" },
    ];
    for (const external of places) {
      expect((await packed(model(external), file)).errors).toEqual([]);
    }
  });
  const wrong: readonly Place[] = [
    { location: "../w.bin" },
    { location: "/etc/passwd" },
    { location: "file:///etc/passwd" },
    { location: "C:\\w.bin" },
    { location: "a/../w.bin" },
    { location: "" },
    { location: "missing.bin" },
    { location: "w.bin", offset: "20" },
    { location: "w.bin", offset: "-1" },
    { location: "w.bin", offset: "18446744073709551615" },
    { location: "w.bin", length: "4" },
    { location: "w.bin", length: "1e9" },
  ];
  test.each(wrong)("%j is refused", async (external) => {
    expect((await packed(model(external), { "w.bin": Buffer.alloc(32) })).errors).toEqual(["onnx/external-data"]);
  });
  test("an overflow of offset and length is refused", async () => {
    const huge = model({ location: "w.bin", offset: String(2n ** 63n) }, [2 ** 31, 2 ** 31]);
    expect((await packed(huge, { "w.bin": Buffer.alloc(32) })).errors).toEqual(["onnx/external-data"]);
  });
});
