import type { DType } from "../graph/dtype.ts";

export interface InferenceInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** `zeros`, `ones`, `random(seed)`, `wave`, or the name of the file. */
  readonly fill: string;
}

/** A number as JSON can carry it. */
export type Numeral = number | "NaN" | "Infinity" | "-Infinity";

export interface InferenceOutput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Up to 16 values. */
  readonly first: readonly Numeral[];
  readonly min: Numeral;
  readonly max: Numeral;
  readonly mean: Numeral;
  readonly absMax: Numeral;
  /** How many are NaN or infinite. */
  readonly nonFinite: number;
}

/** What a run of the model gave. */
export interface Inference {
  /** Name and version of what ran it, e.g. `onnxruntime 1.30.0`. */
  readonly engine: string;
  readonly inputs: readonly InferenceInput[];
  readonly outputs: readonly InferenceOutput[];
  /** Milliseconds from bytes to session. */
  readonly loadMs: number;
  /** Milliseconds of the first run. */
  readonly runMs: number;
  /** With `--compare`: the same inputs in another engine. `difference` null: it could not run them. */
  readonly compared?: {
    readonly engine: string;
    /** Largest absolute difference of any output. */
    readonly difference: number | null;
    readonly reason?: string;
  };
}
