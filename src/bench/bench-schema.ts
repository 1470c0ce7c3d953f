import { z } from "zod";
import { machineFacts, trustFacts, verdictName as verdict } from "./fact-schemas.ts";
import { sloLimits } from "./slo-schema.ts";

// The shape of `bench --json` and of what `--append` keeps. Types are inferred from here; running a bench never loads
// this module.

const interval = z.strictObject({ low: z.number(), high: z.number() });

const latency = z.strictObject({
  runs: z.int(),
  min: z.number(),
  mean: z.number(),
  p50: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  max: z.number(),
  p99Interval: interval.nullable().describe("95 % confidence; null with too few runs."),
});

const slo = z.strictObject({
  verdict,
  limits: sloLimits,
});

const comparison = z.strictObject({
  baseline: z.string(),
  rounds: z.int(),
  ratio: z.number().describe("Median latency against the baseline's."),
  interval,
  maxRegression: z.number(),
  verdict,
});

export const benchResult = z.strictObject({
  path: z.string(),
  format: z.string(),
  engine: z.string(),
  input: z.string().describe("What the model was fed: a sample's name, or what was made up."),
  otherEngine: z.string().nullable().describe("Why the figures say nothing of what will serve the archive."),
  measuredAt: z.string().describe("ISO 8601"),
  machine: machineFacts,
  threads: z.int().describe("0: the engine's own choice."),
  coldStartMs: z
    .number()
    .describe("Process start to first answer, of TorchServe register to first answer; page cache warm."),
  fromDisk: z
    .union([z.strictObject({ coldMs: z.number(), readBytes: z.number() }), z.strictObject({ reason: z.string() })])
    .describe("The same without the archive and the libraries in the page cache, or why that was not to be had."),
  loadMs: z.number(),
  firstMs: z.number(),
  latency: latency.describe("At batch 1, milliseconds, warm."),
  bins: z.strictObject({ from: z.number(), to: z.number(), counts: z.array(z.int()) }),
  ended: z.enum(["confident", "duration"]),
  throughput: z.array(
    z.strictObject({
      workers: z.int(),
      threads: z.int(),
      batch: z.int(),
      rowsPerSecond: z.number(),
      p50: z.number(),
      p99: z.number(),
    }),
  ),
  peakMemory: z.number().describe("bytes, of the workers that gave the latency"),
  trust: trustFacts,
  slo: slo.nullable(),
  comparison: comparison.nullable(),
  verdict: verdict.nullable().describe("Null when nothing was asked."),
});

export const benchDocument = z.strictObject({ schemaVersion: z.literal(1), results: z.array(benchResult) });

export type BenchShape = z.infer<typeof benchResult>;
