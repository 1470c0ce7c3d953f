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

const side = point.omit({ peakMemory: true });

const confirmation = z.strictObject({
  engine: z.string(),
  clients: z
    .int()
    .nullable()
    .describe("Of a server: each sends its next request when it has its answer. Null: no server."),
  standard: side,
  best: side,
  gain: z.number().describe("Throughput against the default's, in turn, round for round."),
  interval: z.strictObject({ low: z.number(), high: z.number() }).describe("95 % confidence of the gain."),
  kept: z
    .enum(["best", "standard"])
    .describe("Which is recommended: the default where the other was slower, or too slow."),
});

const tuneResult = z.strictObject({
  path: z.string(),
  format: z.string(),
  engine: z.string(),
  input: z.string(),
  otherEngine: z.string().nullable(),
  measuredAt: z.string(),
  machine: machineFacts,
  points: z.array(point).describe("In the order they were measured."),
  standard: point.nullable().describe("One worker, the engine's own threads, no batches."),
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
  confirmation: confirmation
    .nullable()
    .describe("The default and the best in turn; with --engine torchserve by a real server. Null: they are the same."),
  trust: trustFacts,
});

export const tuneDocument = z.strictObject({
  schemaVersion: z.literal(1),
  result: tuneResult,
  verdict: verdictName,
});

export type TuneShape = z.infer<typeof tuneResult>;
