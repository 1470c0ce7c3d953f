import type { Inference } from "./inference.ts";

/** Something to say about a run, where it could not be made. */
export interface Advice {
  readonly message: string;
  readonly at: string | null;
  readonly remedy?: string;
}

/** How far the dummy run came. */
export type ModelRun =
  /** There was no run, and nothing is known against the model. `advice` says how to get one. */
  | {
      readonly stage: "skipped";
      readonly reason: string;
      readonly advice: readonly Advice[];
      /** Whether the engine had taken the model. */
      readonly loaded?: boolean;
    }
  /** The engine refuses the model. */
  | { readonly stage: "load"; readonly failure: Advice }
  /** The engine took the model and could not run it. */
  | { readonly stage: "run"; readonly failure: Advice }
  | {
      readonly stage: "done";
      readonly inference: Inference;
      /** Outputs whose values differed between two runs on the same input. */
      readonly unstable: readonly { readonly name: string; readonly difference: number }[];
    };
