import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { openFile } from "../../../src/archive/file-source.ts";
import { graphModel } from "../../../src/graph/graph-model.ts";
import { sniffFormat } from "../../../src/model/sniff-format.ts";
import { EngineProcess } from "../../../src/runtime/session.ts";
import type { InferenceOutput } from "../../../src/runtime/inference.ts";
import type { Fill, LoweredModel, RuntimeInput } from "../../../src/runtime/runtime-input.ts";
import { lowerTorch } from "../../../src/torchscript/lower.ts";
import type { DType } from "../../../src/graph/dtype.ts";

const folder = fileURLToPath(new URL("../../../fixtures/torch-zoo/", import.meta.url));

const tensorSchema = z.object({
  shape: z.array(z.number()),
  dtype: z.string(),
  fill: z.string().optional(),
});
const caseSchema = z.object({
  file: z.string(),
  inputs: z.array(z.union([tensorSchema, z.object({ scalar: z.union([z.number(), z.boolean()]) })])),
  outputs: z.array(
    z.object({
      shape: z.array(z.number()),
      dtype: z.string(),
      first: z.array(z.number()),
      mean: z.number(),
      absMax: z.number(),
    }),
  ),
});
const zoo = z.array(caseSchema).parse(JSON.parse(readFileSync(`${folder}golden.json`, "utf8")));
type Case = (typeof zoo)[number];

/** Of the output's largest absolute value. Halves are computed in float32 here and in steps of a half there. */
const tolerances: Readonly<Record<string, number>> = { float16: 5e-3, bfloat16: 2e-2 };
/** What an output of the type comes back as. */
const arrivesAs: Readonly<Record<string, string>> = { bfloat16: "float32" };

function inputsOf({ inputs }: Case): RuntimeInput[] {
  return inputs.map((input): RuntimeInput => {
    if ("scalar" in input) {
      const { scalar } = input;
      if (typeof scalar === "boolean") return { kind: "bool", name: null, value: scalar };
      return { kind: "int", name: null, value: scalar };
    }
    const { shape, fill } = input;
    const dtype = input.dtype as DType;
    return { kind: "tensor", name: null, dtype, shape, fill: fillOf(fill ?? "", shape) };
  });
}

/** `i % n` in int64 for another n than wave's 97. */
function fillOf(fill: string, shape: readonly number[]): Fill {
  const modulus = Number(/^i % (\d+)$/.exec(fill)?.[1] ?? 97);
  if (fill === "ones") return { kind: "ones" };
  if (modulus === 97) return { kind: "wave" };
  const count = shape.reduce((product, dim) => product * dim, 1);
  const elements = BigInt64Array.from({ length: count }, (_, i) => BigInt(i % modulus));
  return { kind: "bytes", bytes: new Uint8Array(elements.buffer), file: fill };
}

const engine = new EngineProcess({ project: folder, timeoutMs: 120_000 });
afterAll(() => engine.close());

async function lower(one: Case, inputs: readonly RuntimeInput[]): Promise<InferenceOutput[]> {
  const source = await openFile(folder + one.file);
  try {
    const format = await sniffFormat(source);
    expect(format).toBe(one.file.endsWith(".pt2") ? "torch-export" : "torchscript");
    const lowered = await lowerTorch(source, format === "torchscript" ? format : "torch-export", inputs);
    expect(lowered.missing).toEqual({});
    return await run(lowered);
  } finally {
    await source.close();
  }
}

async function run({ graph, inputs, outputs }: LoweredModel): Promise<InferenceOutput[]> {
  const made = await graphModel(graph);
  try {
    await engine.load(made.model);
    const ran = await engine.run(inputs, { outputs: [...new Set(outputs)] });
    return outputs.map((name) => {
      const found = ran.outputs.find((output) => output.name === name);
      if (found === undefined) throw new Error(`no output ${name}`);
      return found;
    });
  } finally {
    await made.close();
  }
}

describe("what PyTorch computes", () => {
  it.each(zoo.map((one) => [one.file, one] as const))("%s", async (_, one) => {
    const outputs = await lower(one, inputsOf(one));
    expect(outputs.map(({ shape }) => shape)).toEqual(one.outputs.map(({ shape }) => shape));
    expect(outputs.map(({ dtype }) => dtype)).toEqual(one.outputs.map(({ dtype }) => arrivesAs[dtype] ?? dtype));
    for (const [i, golden] of one.outputs.entries()) {
      const within = (tolerances[golden.dtype] ?? 1e-4) * Math.max(golden.absMax, 1e-12);
      const output = outputs[i];
      const expected = [...golden.first, golden.mean, golden.absMax];
      const found = [...(output?.first ?? []), output?.mean, output?.absMax].map(Number);
      expect(found.length).toBe(expected.length);
      const worst = Math.max(...expected.map((value, k) => Math.abs(value - (found[k] ?? NaN))));
      expect(worst, `output ${i}: ${found.join(" ")} for ${expected.join(" ")}`).toBeLessThanOrEqual(within);
    }
  });
});

describe("the example that torch.export recorded", () => {
  it.each(["cond.pt2", "dict_inputs.pt2", "torch2.4_unet.pt2", "torch2.1_tabular.pt2"])("feeds %s", async (file) => {
    const one = zoo.find((candidate) => candidate.file === file);
    if (one === undefined) throw new Error(`no ${file}`);
    const outputs = await lower(one, []);
    expect(outputs.map(({ shape }) => shape)).toEqual(one.outputs.map(({ shape }) => shape));
  });
});
