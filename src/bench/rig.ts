import type { ColdStart } from "./measure.ts";

/** One point of a search: so many workers, each with so many threads, at this batch. */
export interface Point {
  readonly workers: number;
  /** Threads of each worker; 0: the engine's own choice. */
  readonly threads: number;
  readonly batch: number;
}

/** A model with an engine that runs it: processes of ONNX Runtime or PyTorch, or a TorchServe. */
export interface Rig {
  readonly path: string;
  /** Name of the model's format, for people. */
  readonly format: string;
  /** What it is fed, for people. */
  readonly input: string;
  /** Why this engine's figures say nothing of what will serve the archive; null: they do. */
  readonly otherEngine: string | null;
  /** Starts what a point asks for. Null where the model does not take the batch. */
  start(point: Point): Promise<Running | null>;
  /** Of a server: starts what the archive's own configuration asks for; left out: one worker, batch 1. */
  startPacked?(threads: number): Promise<Running>;
  close(): Promise<void>;
}

/** Workers that have loaded the model and answered once. */
export interface Running {
  /** Name and version, e.g. `onnxruntime 1.30.0`. */
  readonly engine: string;
  readonly started: ColdStart;
  /** Of a server: how many ask it at once. */
  readonly clients?: number;
  /** Keeps all of them busy until the time is up. */
  measure(limits: { readonly milliseconds: number; readonly maxRuns: number }): Promise<Load>;
  /** Processes that took part in the start. */
  processes(): readonly number[];
  /** Bytes that starting made the disk read. */
  readonly diskReads: number;
  /** May be called again. */
  close(): Promise<void>;
}

/** What keeping them busy gave. */
export interface Load {
  /** Rows a second, all workers together. */
  readonly rowsPerSecond: number;
  /** Milliseconds of every run of every worker. */
  readonly times: readonly number[];
  /** Processor time of the workers while they were measured, ms. */
  readonly cpuMs: number;
  /** Processor time of the workers since they started, ms. */
  readonly totalCpuMs: number;
  /** Sum of the workers' largest resident memory so far, bytes. */
  readonly peakMemory: number;
}
