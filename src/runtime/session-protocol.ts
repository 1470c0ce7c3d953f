import type { DType } from "../graph/dtype.ts";
import type { InferenceOutput } from "./inference.ts";
import type { Fill } from "./runtime-input.ts";

// What our process and the engine's say to each other, by structured clone.

export interface FedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly fill: Fill;
}

/** An output in full: little-endian bytes, row-major. Strings come without bytes. */
export interface RawOutput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** As the engine names them; `dtype` null: no tensor. Dimensions below 0 are never there; unknown ones are "". */
export interface EngineValue {
  readonly name: string;
  readonly dtype: string | null;
  readonly shape: readonly (number | string)[];
}

export interface LoadRequest {
  readonly kind: "load";
  readonly bytes: Uint8Array;
  readonly folder: string | null;
  readonly optimization: "disabled" | "basic" | "extended" | "all";
  /** Threads inside an operator; 0: the engine's own choice. */
  readonly threads: number;
}

export interface RunRequest {
  readonly kind: "run";
  readonly feeds: readonly FedTensor[];
  /** Names to fetch, null for every tensor output. */
  readonly outputs: readonly string[] | null;
  /** Send the outputs back in full besides their summary. */
  readonly raw: boolean;
  /** Run a second time and compare. */
  readonly twice: boolean;
}

/** Runs again and again, timed where the engine is. */
export interface MeasureRequest {
  readonly kind: "measure";
  readonly feeds: readonly FedTensor[];
  readonly outputs: readonly string[] | null;
  /** No run begins after this many milliseconds, but the first. */
  readonly milliseconds: number;
  readonly maxRuns: number;
}

export interface Measured {
  /** Milliseconds of each run, in order. */
  readonly times: Float64Array;
  /** Milliseconds from the first run's begin to the last one's end. */
  readonly elapsedMs: number;
  /** Processor time of the engine's process in between, ms. */
  readonly cpuMs: number;
  /** Processor time of the engine's process since it started, ms. */
  readonly totalCpuMs: number;
  /** Largest resident memory of the engine's process so far, bytes. */
  readonly peakMemory: number;
}

export interface ReleaseRequest {
  readonly kind: "release";
}

export type Request = LoadRequest | RunRequest | MeasureRequest | ReleaseRequest;

export interface Loaded {
  readonly inputs: readonly EngineValue[];
  readonly outputs: readonly EngineValue[];
  readonly loadMs: number;
}

export interface Ran {
  readonly outputs: readonly InferenceOutput[];
  readonly runMs: number;
  readonly raw: readonly RawOutput[] | null;
  /** Largest absolute difference of the second run, where there is one. */
  readonly unstable: readonly { readonly name: string; readonly difference: number }[];
}

export type Answer =
  | { readonly kind: "started"; readonly engine: string }
  | { readonly kind: "missing"; readonly reason: string }
  | { readonly kind: "loaded"; readonly value: Loaded }
  | { readonly kind: "ran"; readonly value: Ran }
  | { readonly kind: "measured"; readonly value: Measured }
  | { readonly kind: "released" }
  | { readonly kind: "failed"; readonly message: string };
