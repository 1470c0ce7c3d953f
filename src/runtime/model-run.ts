import type { Inference } from "./inference.ts";
import type { RuntimeInput } from "./runtime-input.ts";
import type { RawOutput } from "./session-protocol.ts";

/** Something to say about a run, where it could not be made. */
export interface Advice {
  readonly message: string;
  readonly at: string | null;
  readonly remedy?: string;
}

/** There was no run, and nothing is known against the model. `advice` says how to get one. */
export interface NoRun {
  readonly stage: "skipped";
  readonly reason: string;
  readonly advice: readonly Advice[];
  /** Whether the engine had taken the model. */
  readonly loaded?: boolean;
  /** Operators of a PyTorch program that have no lowering, and how often it calls them. */
  readonly missing?: Readonly<Record<string, number>>;
}

/** The engine refused the model (`load`), or took it and could not run it (`run`). */
export interface FailedRun {
  readonly stage: "load" | "run";
  readonly failure: Advice;
}

/** How far the dummy run came. */
export type ModelRun =
  | NoRun
  | FailedRun
  | {
      readonly stage: "done";
      readonly inference: Inference;
      /** What the model was called with, to call it again with more rows. */
      readonly inputs: readonly RuntimeInput[];
      /** Outputs whose values differed between two runs on the same input. */
      readonly unstable: readonly { readonly name: string; readonly difference: number }[];
      /** Whether they differ because the model keeps state between calls. */
      readonly stateful?: boolean;
    };

/** How far a request to a server came. */
export type ServedRun = NoRun | FailedRun | { readonly stage: "done"; readonly answer: string };

/** How far another run came, on inputs that a check chose. */
export type Rerun = NoRun | FailedRun | { readonly stage: "done"; readonly outputs: readonly RawOutput[] };
