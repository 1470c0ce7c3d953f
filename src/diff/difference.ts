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
  readonly hunks: readonly Hunk[];
}

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
  /** Text entries that are on both sides. */
  readonly texts: readonly ChangedText[];
}
