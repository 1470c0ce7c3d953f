import type { Random } from "./random.ts";

/** What one execution came to. */
export interface Result {
  /** Whether the input got past the outer layer, to where the reader's own work begins. */
  readonly past: boolean;
}

/** A change of the source that makes the reader wrong; the fuzzer must find it. */
export interface PlantedBug {
  /** Below `src/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** One reader under test: a file in this folder, and a row in targets.ts. */
export interface Target {
  readonly name: string;
  /** The reader's sources, below `src/`, whose line coverage counts. */
  readonly covers: readonly string[];
  readonly planted: PlantedBug;
  /** An input, mostly well formed, wrong in few places. */
  generate(random: Random): Uint8Array;
  /** Reads the input. Throws where the reader breaks a promise: nothing may throw for what bytes say. */
  run(input: Uint8Array): Promise<Result>;
}
