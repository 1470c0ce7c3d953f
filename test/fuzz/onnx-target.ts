import { memorySource } from "../../src/archive/byte-source.ts";
import { MalformedModel } from "../../src/model/malformed.ts";
import { customOperators, versionProblems } from "../../src/model/onnx/engine-limits.ts";
import { graphProblems } from "../../src/model/onnx/graph-problems.ts";
import { locateOnnx } from "../../src/model/onnx/located.ts";
import { readOnnx } from "../../src/model/onnx/model.ts";
import { onnxSignature } from "../../src/model/onnx/signature.ts";
import { tensorProblem } from "../../src/model/onnx/tensor-problems.ts";
import { tensorsOf } from "../../src/model/onnx/walk-graph.ts";
import { sniffFormat } from "../../src/model/sniff-format.ts";
import * as o from "../unit/model/onnx/build.ts";
import { edges, mutateBytes } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Result, Target } from "./target.ts";

const names = ["x", "y", "z", "w", ""];
const operators = ["Add", "If", "Constant", "F", "PyOp"];
const domains = ["", "ai.onnx", "loc", "com.example", "ai.onnx.ml"];

function anyTensor(random: Random): Buffer {
  const dims = Array.from({ length: random.below(3) }, () =>
    random.chance(0.9) ? random.below(5) : random.pick(edges),
  );
  const size = dims.reduce((product, dim) => product * dim, 4);
  const raw = Buffer.alloc(random.chance(0.8) && size < 4096 ? size : random.below(2000));
  const type = random.chance(0.8) ? 1 : random.below(30);
  const kind = random.next();
  if (kind < 0.7) return o.tensor(random.pick(names), dims, { type, raw });
  if (kind < 0.85) {
    const external = { location: random.pick(["w.bin", "../w", ""]), offset: String(random.pick(edges)), length: "16" };
    return o.tensor(random.pick(names), dims, { type, external });
  }
  const data = random.pick([4, 5, 7, 10, 11]);
  return Buffer.concat([o.tensor(random.pick(names), dims, { type }), o.message(data, raw)]);
}

function anyNode(random: Random, depth: number): Buffer {
  const more = [o.message(7, random.pick(domains))];
  if (random.chance(0.3)) more.push(o.message(5, o.message(1, "value"), o.message(5, anyTensor(random))));
  if (depth < 4 && random.chance(0.3)) {
    more.push(o.message(5, o.message(1, "then_branch"), o.message(6, ...anyGraph(random, depth + 1))));
  }
  const inputs = Array.from({ length: random.below(3) }, () => random.pick(names));
  return o.node(random.pick(operators), inputs, [random.pick(names)], ...more);
}

function anyGraph(random: Random, depth: number): Buffer[] {
  const out = Array.from({ length: random.below(4) }, () => anyNode(random, depth));
  if (random.chance(0.6)) out.push(o.initializer(anyTensor(random)));
  if (random.chance(0.6)) out.push(o.input(random.pick(names), [1, random.below(4)]));
  if (random.chance(0.6)) out.push(o.output(random.pick(names), [random.below(4)]));
  if (random.chance(0.1)) out.push(o.message(15, o.message(1, anyTensor(random)), o.message(2, anyTensor(random))));
  return out;
}

function anyFunction(random: Random): Buffer {
  const nodes = Array.from({ length: random.below(3) }, () => o.message(7, anyNode(random, 3).subarray(2)));
  return o.message(25, o.message(1, "F"), o.message(10, "loc"), o.message(4, "x"), o.message(5, "y"), ...nodes);
}

async function run(input: Uint8Array): Promise<Result> {
  const source = memorySource(input);
  const format = await sniffFormat(source);
  try {
    const model = await readOnnx(source);
    onnxSignature(model);
    const problems = [...graphProblems(model), ...versionProblems(model)];
    for (const tensor of tensorsOf(model)) if (tensorProblem(tensor) !== null) problems.push(tensor.name);
    customOperators(model);
    const files = { open: async () => ({ source: memorySource(Buffer.alloc(64)) }), close: async () => {} };
    const located = await locateOnnx(model, files);
    // What was rewritten must read as the same model.
    const again = await readOnnx(memorySource(located.model.bytes));
    if (again.graph?.nodes.length !== model.graph?.nodes.length) throw new Error("the rewritten model lost nodes");
    await located.close();
    return { past: problems.length >= 0 && model.graph !== null };
  } catch (error) {
    if (error instanceof MalformedModel) return { past: format === "onnx" };
    throw error;
  }
}

export const onnxTarget: Target = {
  name: "onnx",
  covers: [
    "wire",
    "skeleton",
    "model",
    "tensor",
    "value-info",
    "signature",
    "graph-problems",
    "located",
    "rewrite",
  ].map((file) => `model/onnx/${file}.ts`),
  // Trusts the length of a field.
  planted: {
    file: "model/onnx/wire.ts",
    find: "if (end > limit) throw",
    replace: "if (end < 0) throw",
  },
  generate(random) {
    const parts = [o.integer(1, random.chance(0.95) ? 9 : random.pick(edges)), o.opset(17), o.opset(1, "loc")];
    parts.push(o.message(7, ...anyGraph(random, 0)));
    if (random.chance(0.3)) parts.push(anyFunction(random));
    if (random.chance(0.1)) parts.push(o.message(7, ...anyGraph(random, 0)));
    const model = Buffer.concat(random.chance(0.2) ? parts.reverse() : parts);
    return random.chance(0.5) ? mutateBytes(model, random) : model;
  },
  run,
};
