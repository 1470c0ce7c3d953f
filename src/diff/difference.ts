import type { DigestedTensor } from "../tensors/tensor-pass.ts";

/** A value that is not the same on both sides; null: not there. */
export interface ChangedValue {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface ChangedEntry {
  readonly path: string;
  readonly change: "added" | "removed" | "changed";
  /** Bytes; null on the side where it is not. */
  readonly sizeBefore: number | null;
  readonly sizeAfter: number | null;
}

/** Lines of a text entry: ` ` in both, `-` before, `+` after, with where they begin (1-based). */
export interface Hunk {
  readonly lineBefore: number;
  readonly lineAfter: number;
  readonly lines: readonly string[];
}

export interface ChangedText {
  readonly path: string;
  /** What the first archive calls it: handler, requirements and configuration may have another name. */
  readonly pathBefore: string;
  readonly hunks: readonly Hunk[];
}

/** A tensor that is not the same on both sides; null: not there. */
export interface ChangedTensor {
  /** The file, as the second archive calls it. */
  readonly path: string;
  /** As the first archive calls it, where that has it. */
  readonly name: string;
  readonly change: "added" | "removed" | "changed" | "renamed";
  readonly before: DigestedTensor | null;
  readonly after: DigestedTensor | null;
}

export interface TensorChanges {
  readonly changed: readonly ChangedTensor[];
  /** In files that differ. */
  readonly unchanged: number;
  /** Files whose tensors were not held against each other, and why. */
  readonly notCompared: readonly { readonly path: string; readonly reason: string }[];
}

/** A number as JSON can carry it; infinite where only one of the two is NaN. */
type Distance = number | "Infinity";

export interface OutputDifference {
  readonly name: string;
  readonly before: OutputType | null;
  readonly after: OutputType | null;
  /** Largest absolute difference; null where the shapes are not alike, or the elements no numbers. */
  readonly difference: Distance | null;
  /** Largest magnitude before. */
  readonly magnitude: number | null;
  /** Of an output that can be scores of classes: rows with the same class first. */
  readonly top: { readonly rows: number; readonly same: number } | null;
}

interface OutputType {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The outputs of both models on the same input, or why there are none. */
export type NumericDifference =
  | { readonly stage: "skipped"; readonly at: "before" | "after"; readonly reason: string }
  | {
      readonly stage: "done";
      readonly engine: string;
      readonly inputs: readonly string[];
      readonly outputs: readonly OutputDifference[];
    };

/** What differs between two archives, as data. */
export interface Difference {
  readonly before: string;
  readonly after: string;
  readonly same: boolean;
  /** By JSON pointer, our own digests left out: the entries tell. */
  readonly manifest: readonly ChangedValue[];
  readonly entries: readonly ChangedEntry[];
  /** Entries with the same bytes. */
  readonly unchanged: number;
  /** Format, inputs, outputs, parameters, facts. */
  readonly model: readonly ChangedValue[];
  /** Operator with its number of uses. */
  readonly operators: readonly ChangedValue[];
  readonly tensors: TensorChanges;
  /** With `--numeric`. */
  readonly numeric?: NumericDifference;
  /** Text entries that are on both sides. */
  readonly texts: readonly ChangedText[];
}
