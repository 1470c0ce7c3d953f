import type { Subject } from "./subject.ts";

export type Severity = "error" | "warning" | "note";

export interface Finding {
  /** One sentence with the value met; no trailing remedy. */
  readonly message: string;
  /** `entry[:line[:column]]`, or null for the archive as a whole. */
  readonly at: string | null;
  /** A remedy that fits this finding better than the check's own. */
  readonly remedy?: string;
}

/** Why a check gives no answer: nothing to check, or it could not run. */
export type NoAnswer = { readonly notApplicable: true } | { readonly skipped: string };

export const notApplicable: NoAnswer = { notApplicable: true };

export function skipped(reason: string): NoAnswer {
  return { skipped: reason };
}

/**
 * One question about an archive. Yields 0..n findings; none means passed. Returns a NoAnswer when there is nothing to
 * check or it cannot run. Never prints, never throws for a bad archive, opens nothing except through the subject.
 */
export interface Check {
  /** `family/name`, public for ever. */
  readonly id: string;
  /** Reads true when the check passes. */
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
  readonly remedy: string;
  /** Checks whose failure would make this one noise. */
  readonly after?: readonly Check[];
  /** Needs the dummy run: waits until every static check has answered, and `--static` leaves it out. */
  readonly runsModel?: true;
  run(subject: Subject): AsyncGenerator<Finding, NoAnswer | void>;
}

export type Status = "passed" | "failed" | "skipped" | "n/a";

export interface Outcome {
  readonly check: Check;
  readonly status: Status;
  /** Set when skipped. */
  readonly reason?: string;
  /** Of a skipped check: what to do so that it can run. */
  readonly findings: readonly Finding[];
}
