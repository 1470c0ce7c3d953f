import { z } from "zod";
import { machineFacts, trustFacts, verdictName } from "./fact-schemas.ts";

// The shape of `tune --json`. Types are inferred from here; running a tune never loads this module.

const point = z.strictObject({
  workers: z.int(),
  threads: z.int().describe("of each worker; 0: the engine's own choice"),
  batch: z.int(),
  rowsPerSecond: z.number(),
  p50: z.number(),
  p99: z.number(),
  peakMemory: z.number().describe("bytes, of all workers"),
  within: z.boolean().describe("Whether the latency is within the limits."),
});

const tuneResult = z.strictObject({
  path: z.string(),
  format: z.string(),
  engine: z.string(),
  otherEngine: z.string().nullable(),
  measuredAt: z.string(),
  machine: machineFacts,
  points: z.array(point).describe("In the order they were measured; the default and the best stand twice."),
  standard: point.nullable().describe("One worker, the engine's own threads, no batches; measured last."),
  best: point.nullable(),
  advice: z
    .strictObject({
      threads: z.int(),
      minWorkers: z.int(),
      maxWorkers: z.int(),
      batchSize: z.int(),
      maxBatchDelay: z.int().describe("ms"),
      environment: z.strictObject({ OMP_NUM_THREADS: z.string() }),
    })
    .nullable(),
  trust: trustFacts,
});

export const tuneDocument = z.strictObject({
  schemaVersion: z.literal(1),
  result: tuneResult,
  verdict: verdictName,
});

export type TuneShape = z.infer<typeof tuneResult>;
