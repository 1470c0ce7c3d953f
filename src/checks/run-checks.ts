import type { Check, Finding, Outcome } from "./check.ts";
import type { Subject } from "./subject.ts";

export interface RunChecksOptions {
  /** Leave out the checks that need the dummy run. */
  readonly static: boolean;
  /** Whether a failed outcome makes the archive not ready; the model then does not run. */
  readonly stops: (outcome: Outcome) => boolean;
  /** Whether the user lives with a failed outcome; the checks after it then go on. */
  readonly excepted?: (outcome: Outcome) => boolean;
  /** Findings kept of one check; a hostile archive can make any number. */
  readonly maxFindings?: number;
}

const defaultMaxFindings = 100;

/** The reason of checks that `--static` leaves out; they do not count for the verdict `sound`. */
export const leftOut = "--static";

/**
 * Asks every check about one archive. A check whose prerequisite failed is skipped: one cause, one report. The model
 * runs only when no static check failed that `stops` it. A check that throws is a bug and is thrown on.
 */
export async function runChecks(
  subject: Subject,
  checks: readonly Check[],
  options: RunChecksOptions,
): Promise<Outcome[]> {
  const known = new Map<Check, Promise<Outcome>>();
  const limit = options.maxFindings ?? defaultMaxFindings;

  const outcome = (check: Check): Promise<Outcome> => {
    let answer = known.get(check);
    if (!answer) {
      answer = ask(check);
      known.set(check, answer);
    }
    return answer;
  };

  const ask = async (check: Check): Promise<Outcome> => {
    for (const before of check.after ?? []) {
      const earlier = await outcome(before);
      if (earlier.status === "failed" && !options.excepted?.(earlier)) return skip(check, `after ${before.id}`);
      if (check.runsModel && earlier.status === "skipped") return skip(check, earlier.reason ?? `after ${before.id}`);
    }
    return answerOf(check, subject, limit);
  };

  const first = await Promise.all(checks.filter((check) => !check.runsModel).map(outcome));
  const stopper = first.find(options.stops);
  for (const check of checks.filter((one) => one.runsModel)) {
    if (options.static) known.set(check, Promise.resolve(skip(check, leftOut)));
    else if (stopper) known.set(check, Promise.resolve(skip(check, `after ${stopper.check.id}`)));
  }
  return Promise.all(checks.map(outcome));
}

async function answerOf(check: Check, subject: Subject, limit: number): Promise<Outcome> {
  const findings: Finding[] = [];
  const run = check.run(subject);
  for (;;) {
    const step = await run.next();
    if (!step.done) {
      if (findings.length < limit) findings.push(step.value);
      else {
        await run.return();
        return { check, status: "failed", findings };
      }
      continue;
    }
    if (step.value && "skipped" in step.value) {
      return { check, status: "skipped", reason: step.value.skipped, findings };
    }
    if (findings.length > 0) return { check, status: "failed", findings };
    return { check, status: step.value ? "n/a" : "passed", findings };
  }
}

function skip(check: Check, reason: string): Outcome {
  return { check, status: "skipped", reason, findings: [] };
}
