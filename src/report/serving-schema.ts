import { z } from "zod";

const count = z.int().nonnegative();
const bytes = count.describe("Bytes.");
const version = z.literal(1);

const machine = z.strictObject({
  processor: z.string().nullable(),
  logicalCores: z.int().positive(),
  physicalCores: z.int().positive(),
  numaNodes: z.int().positive(),
  simd: z.array(z.string()),
  memory: z.strictObject({ total: bytes, available: bytes }),
  cgroup: z.strictObject({
    version: z.union([z.literal(1), z.literal(2)]).nullable(),
    cpuQuota: z.number().nullable().describe("Processors that the quota amounts to; null: no quota."),
    memoryLimit: bytes.nullable(),
    throttled: z.strictObject({ periods: count, throttledPeriods: count }).nullable(),
  }),
  sharedMemory: bytes.nullable().describe("Bytes of /dev/shm; null where it is not mounted."),
  limits: z
    .strictObject({ openFiles: count.nullable(), lockedMemory: bytes.nullable(), stack: bytes.nullable() })
    .describe("Soft limits; null: unlimited."),
  cpuTime: z.strictObject({ total: count, idle: count, steal: count }).describe("Jiffies since boot."),
  megahertz: z.number().nullable(),
  heatEvents: z.number().nullable().describe("How often processors were slowed down for heat since boot."),
  load: z.number().nonnegative(),
});

/** The shape of `doctor --json`; running never loads it. */
export const doctorDocument = z.strictObject({
  schemaVersion: version,
  machine,
  advice: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      value: z.string(),
      level: z.enum(["ok", "note", "warning", "problem"]),
      why: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
});

const plannedModel = z.strictObject({
  archive: z.string().describe("File name in the model store."),
  modelName: z.string(),
  modelVersion: z.string(),
  size: bytes,
  minWorkers: z.int().positive(),
  maxWorkers: z.int().positive(),
  batchSize: z.int().positive(),
  maxBatchDelay: count.describe("Milliseconds."),
  responseTimeout: z.int().positive().describe("Seconds."),
  startupTimeout: z.int().positive().describe("Seconds."),
});

/** The shape of `config init --json`. */
export const configInitDocument = z.strictObject({
  schemaVersion: version,
  output: z.string(),
  files: z.array(z.string()).describe("Below `output`."),
  plan: z.strictObject({
    slice: z.strictObject({ cpus: z.number().positive(), memory: bytes }),
    threads: z.int().positive(),
    nettyThreads: z.int().positive(),
    jobQueueSize: z.int().positive(),
    models: z.array(plannedModel),
    remarks: z.array(z.string()),
  }),
});

/** The shape of `config check --json`. */
export const configCheckDocument = z.strictObject({
  schemaVersion: version,
  files: z.array(
    z.strictObject({
      path: z.string(),
      kind: z.enum(["config.properties", "model-config.yaml", "compose", "systemd", "kserve"]),
      findings: z.array(
        z.strictObject({
          rule: z.enum([
            "unknown-key",
            "duplicate-key",
            "wrong-type",
            "out-of-range",
            "dangerous",
            "contradiction",
            "port-clash",
            "missing",
            "unparsable",
          ]),
          severity: z.enum(["error", "warning"]),
          message: z.string(),
          remedy: z.string(),
          line: z.int().positive(),
          column: z.int().positive(),
        }),
      ),
    }),
  ),
});
