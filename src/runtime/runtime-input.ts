import type { DType } from "../graph/dtype.ts";
import type { Graph } from "../graph/graph.ts";

/** How the elements of a dummy tensor are made; `bytes` is what a file gave, little-endian, row-major. */
export type Fill =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  /** Uniform in [0, 1) for floats, 0..9 for integers; the same for the same seed. */
  | { readonly kind: "random"; readonly seed: number }
  /** Floats `sin(0.37*i)` computed in double precision, integers `i % 97`, booleans `i % 2`. */
  | { readonly kind: "wave" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly file: string };

/** A tensor to feed: its elements are made on demand, since the shape is all that lowering needs. */
export interface TensorInput {
  readonly kind: "tensor";
  /** The model's own name for it; null: by position. */
  readonly name: string | null;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly fill: Fill;
}

/** What `forward` is called with: tensors, and the Python scalars that TorchScript methods take. */
export type RuntimeInput =
  | TensorInput
  | { readonly kind: "int"; readonly name: string | null; readonly value: number }
  | { readonly kind: "float"; readonly name: string | null; readonly value: number }
  | { readonly kind: "bool"; readonly name: string | null; readonly value: boolean }
  | { readonly kind: "string"; readonly name: string | null; readonly value: string };

/** A PyTorch program evaluated on the shapes of its inputs. */
export interface LoweredModel {
  readonly graph: Graph;
  /** What to feed, in the order of `graph.inputs`; every `name` is that of the graph's input. */
  readonly inputs: readonly (TensorInput & { readonly name: string })[];
  /** Names of `graph.outputs` in the order of the flattened result (None left out); one name may stand twice. */
  readonly outputs: readonly string[];
  /** Operators without a lowering and how often the program calls them; not empty: the graph cannot run. */
  readonly missing: Readonly<Record<string, number>>;
}

export interface LoweringOptions {
  /** For inputs that lowering adds itself: those of a torch.export sample when none were given. */
  readonly fill?: Fill;
}

/**
 * Why a program became no graph: the file is `malformed`; it uses something `unsupported` by us (the run is skipped);
 * the given `input` does not fit (another one may); or it `raised` on this input (an assertion, a Python error).
 */
export type LoweringProblem = "malformed" | "unsupported" | "input" | "raised";

/** Thrown by lowering; the message is one sentence for people, without the remedy. */
export class LoweringError extends Error {
  readonly problem: LoweringProblem;
  /** `entry:line` inside of the model file, where known. */
  readonly at: string | null;

  constructor(problem: LoweringProblem, message: string, at: string | null = null) {
    super(message);
    this.name = "LoweringError";
    this.problem = problem;
    this.at = at;
  }
}
