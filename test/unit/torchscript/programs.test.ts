import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { openFile } from "../../../src/archive/file-source.ts";
import { graphModel } from "../../../src/graph/graph-model.ts";
import { EngineProcess } from "../../../src/runtime/session.ts";
import { lowerTorch } from "../../../src/torchscript/lower.ts";

const folder = fileURLToPath(new URL("../../../fixtures/torch-programs/", import.meta.url));
const golden = z.object({
  file: z.string(),
  inputs: z.array(z.object({ shape: z.array(z.number()), dtype: z.enum(["float32", "int64", "complex64"]) })),
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
const programs = z.array(golden).parse(JSON.parse(readFileSync(`${folder}golden.json`, "utf8")));

const engine = new EngineProcess({ project: folder, timeoutMs: 120_000 });
afterAll(() => engine.close());

it.each(programs.map((one) => [one.file, one] as const))("%s computes what PyTorch computes", async (file, one) => {
  const source = await openFile(folder + file);
  const given = one.inputs.map((input) => ({ ...input, kind: "tensor", name: null, fill: { kind: "wave" } }) as const);
  const lowered = await lowerTorch(source, file.endsWith(".pt2") ? "torch-export" : "torchscript", given);
  expect(lowered.missing).toEqual({});
  const made = await graphModel(lowered.graph);
  try {
    await engine.load(made.model);
    const ran = await engine.run(lowered.inputs, { outputs: [...new Set(lowered.outputs)] });
    const outputs = lowered.outputs.map((name) => ran.outputs.find((output) => output.name === name));
    expect(outputs.map((output) => [output?.dtype, output?.shape])).toEqual(
      one.outputs.map(({ dtype, shape }) => [dtype, shape]),
    );
    for (const [i, { first, mean, absMax }] of one.outputs.entries()) {
      const found = outputs[i];
      const expected = [...first, mean, absMax];
      const worst = [...(found?.first ?? []), found?.mean, found?.absMax]
        .map((value, at) => Math.abs(Number(value) - (expected[at] ?? Number.NaN)))
        .reduce((a, b) => Math.max(a, b), 0);
      expect(worst, `output ${i}`).toBeLessThanOrEqual(1e-4 * Math.max(absMax, 1e-6));
    }
  } finally {
    await made.close();
    await source.close();
  }
});
