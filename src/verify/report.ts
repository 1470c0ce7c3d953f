import type { ReportShape, UnreadableShape } from "./report-schema.ts";

type Frozen<T> = T extends (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** What was found of one archive. */
export type Report = Frozen<ReportShape>;

/** A path that could not be read; the others are reported all the same. */
export type Unreadable = Frozen<UnreadableShape>;

export type CheckReport = Report["checks"][number];

export type Exception = Report["exceptions"][number];

export type Verdict = Report["verdict"];

/** The `--json` document: one report a path, in the order they were given. */
export interface VerifyDocument {
  readonly schemaVersion: 1;
  readonly reports: readonly (Report | Unreadable)[];
}

export const verifySchemaVersion = 1;
