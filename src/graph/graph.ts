import type { FilePosition } from "../archive/byte-source.ts";
import type { DType } from "./dtype.ts";

/** A dimension: fixed, named (dynamic), or unknown (null). */
export type Dim = number | string | null;

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  /** null: rank unknown. */
  readonly shape: readonly Dim[] | null;
  /** Set for what is no plain tensor of `dtype`: `seq(map(int64, float32))`, `optional(…)`, `float8e4m3fn`. */
  readonly type?: string;
}

/**
 * An initializer. Large ones stay where they are: `position` names the file that holds the little-endian bytes, and
 * ONNX Runtime reads them in place. Small ones, and those shape inference needs, are `bytes`.
 */
export interface Tensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly storage: { readonly bytes: Uint8Array } | { readonly position: FilePosition; readonly byteLength: number };
}

export type Attribute =
  | { readonly int: number | bigint }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly (number | bigint)[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Tensor }
  | { readonly graph: Graph };

export interface GraphNode {
  readonly op: string;
  /** Empty for the standard ONNX domain. */
  readonly domain: string;
  /** Names of values; an empty string is an input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** What every model format becomes: nodes plus located tensors. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  readonly tensors: readonly Tensor[];
}
