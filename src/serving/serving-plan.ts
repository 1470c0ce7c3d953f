import { usableCores, usableMemory, type Machine } from "../machine/machine.ts";

/** An archive to serve, as far as its configuration needs to know it. */
export interface ServedModel {
  /** File name in the model store. */
  readonly archive: string;
  readonly modelName: string;
  readonly modelVersion: string;
  /** Bytes. */
  readonly size: number;
  /** `batchSize` of the model's own model-config.yaml; null: none. */
  readonly batchSize: number | null;
}

/** What the machine gives to serving. */
export interface Slice {
  /** Physical cores, at least 1; may be a fraction when a container gets one. */
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
}

export interface PlannedModel extends ServedModel {
  readonly minWorkers: number;
  readonly maxWorkers: number;
  readonly batchSize: number;
  /** Milliseconds that the first request of a batch waits for others. */
  readonly maxBatchDelay: number;
  /** Seconds. */
  readonly responseTimeout: number;
  /** Seconds; grows with the file: a cold disk reads 50 MB a second. */
  readonly startupTimeout: number;
}

export interface ServingPlan {
  readonly slice: Slice;
  /** Threads of each worker's arithmetic: the physical cores of the slice. */
  readonly threads: number;
  readonly nettyThreads: number;
  readonly jobQueueSize: number;
  readonly models: readonly PlannedModel[];
  /** What the person should know of this plan. */
  readonly remarks: readonly string[];
}

/** A worker's Python, PyTorch and its buffers without the model, measured at about 400 MB. */
const workerOverhead = 400e6;
/** The Java front end. */
const frontEnd = 500e6;
/** The weights, once in the file's pages and once as tensors. */
const copiesOfModel = 2;
const batchDelay = 20;
const coldDiskRate = 50e6;

export function sliceOf(machine: Machine): Slice {
  return { cpus: usableCores(machine), memory: usableMemory(machine) };
}

/**
 * One worker a model with all physical cores as its threads: the lowest latency at low load, and the setting that
 * PyTorch and ONNX Runtime have by themselves. `tune` finds a better one by measuring.
 */
export function planServing(models: readonly ServedModel[], slice: Slice): ServingPlan {
  const threads = Math.max(1, Math.floor(slice.cpus));
  const needed = frontEnd + models.reduce((sum, model) => sum + workerOverhead + copiesOfModel * model.size, 0);
  const remarks: string[] = [];
  if (needed > slice.memory) {
    remarks.push(
      `${models.length} workers need about ${megabytes(needed)} MB, more than the ${megabytes(slice.memory)} MB given`,
    );
  }
  if (models.length > threads) {
    remarks.push(
      `${models.length} models share ${threads === 1 ? "one core" : `${threads} cores`}: latencies add up when they are asked at once`,
    );
  }
  return {
    slice,
    threads,
    nettyThreads: Math.min(4, Math.max(1, threads)),
    jobQueueSize: 100,
    models: models.map(planModel),
    remarks,
  };
}

function planModel(model: ServedModel): PlannedModel {
  const batchSize = model.batchSize ?? 1;
  return {
    ...model,
    minWorkers: 1,
    maxWorkers: 1,
    batchSize,
    maxBatchDelay: batchDelay,
    responseTimeout: 120,
    startupTimeout: 120 + Math.ceil(model.size / coldDiskRate),
  };
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);
