import type { Check, Finding, Outcome, Severity } from "../checks/check.ts";
import type { Exception } from "./report.ts";

/** A finding that the user has decided to live with. */
export interface Waiver {
  /** A check's id, or `family/*`. */
  readonly rule: string;
  /** Only findings at this entry (or below this folder); null: wherever. */
  readonly at: string | null;
  /** `--ignore`, or the policy file. */
  readonly source: string;
  readonly reason: string | null;
}

/** How much a failed check weighs for the verdict. */
export type Weight = Severity | "excepted";

/** Weighs outcomes by the user's exceptions and remembers which of them were needed. */
export class Scales {
  readonly #waivers: readonly Waiver[];
  readonly #strict: boolean;
  readonly #used = new Set<Waiver>();

  constructor(waivers: readonly Waiver[], strict: boolean) {
    this.#waivers = waivers;
    this.#strict = strict;
  }

  weigh(outcome: Outcome): Weight {
    if (outcome.status === "failed" && this.#excuses(outcome)) return "excepted";
    return this.severity(outcome.check);
  }

  /** What the check weighs: a warning is an error with `--strict`. */
  severity({ severity }: Check): Severity {
    return severity === "warning" && this.#strict ? "error" : severity;
  }

  /** Whether this outcome makes the archive not ready. */
  stops(outcome: Outcome): boolean {
    return outcome.status === "failed" && this.weigh(outcome) === "error";
  }

  /** Every exception, used or not: none goes unseen. */
  exceptions(): Exception[] {
    return this.#waivers.map((waiver) => ({ ...waiver, used: this.#used.has(waiver) }));
  }

  #excuses({ check, findings }: Outcome): boolean {
    const candidates = this.#waivers.filter((waiver) => matches(waiver.rule, check.id));
    const needed = findings.map((finding) => candidates.find((waiver) => covers(waiver, finding)));
    if (needed.length === 0 || needed.includes(undefined)) return false;
    for (const waiver of needed) if (waiver) this.#used.add(waiver);
    return true;
  }
}

function matches(rule: string, id: string): boolean {
  return rule === id || (rule.endsWith("/*") && id.startsWith(rule.slice(0, -1)));
}

function covers(waiver: Waiver, { at }: Finding): boolean {
  if (waiver.at === null) return true;
  if (at === null) return false;
  return at === waiver.at || at.startsWith(`${waiver.at}:`) || at.startsWith(`${waiver.at}/`);
}
