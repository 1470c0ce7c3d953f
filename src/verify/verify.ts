import type { Archive } from "../archive/archive.ts";
import { archiveSubject, type RunModel } from "../checks/archive-subject.ts";
import type { Check, Outcome } from "../checks/check.ts";
import { checks as allChecks } from "../checks/registry.ts";
import { runChecks } from "../checks/run-checks.ts";
import { type CheckOptions, defaultCheckOptions, type Subject } from "../checks/subject.ts";
import { Scales, type Waiver } from "./exceptions.ts";
import type { CheckReport, Report } from "./report.ts";
import { verdictOf } from "./verdict.ts";

export interface VerifyOptions extends Partial<CheckOptions> {
  /** Everything but running the model; the verdict is then `sound`, `not ready` or `not proven`. */
  readonly static?: boolean;
  /** Warnings count as errors. */
  readonly strict?: boolean;
  /** Findings to live with; each is shown in the report. */
  readonly exceptions?: readonly Waiver[];
  /** Runs the model; without it the run is skipped and the verdict at best `not proven`. */
  readonly run?: RunModel;
  readonly checks?: readonly Check[];
}

/**
 * Judges an archive or a model file: every check, and the dummy run when no static check failed. Whatever is wrong with
 * the archive is in the report; throws ArchiverError only where the medium cannot be read.
 */
export async function verify(archive: Archive, options: VerifyOptions = {}): Promise<Report> {
  const scales = new Scales(options.exceptions ?? [], options.strict ?? false);
  const subject = archiveSubject(archive, { ...defaultCheckOptions, ...options }, options.run);
  const isStatic = options.static ?? false;
  const outcomes = await runChecks(subject, options.checks ?? allChecks, {
    static: isStatic,
    stops: (outcome) => scales.stops(outcome),
    excepted: (outcome) => scales.weigh(outcome) === "excepted",
  });
  const ran = !isStatic && !outcomes.some((outcome) => scales.stops(outcome) && !outcome.check.runsModel);
  const run = ran ? await subject.modelRun() : null;
  const inference = run?.stage === "done" ? run.inference : null;
  return {
    path: archive.location,
    verdict: verdictOf({
      outcomes,
      stops: (outcome) => scales.stops(outcome),
      static: isStatic,
      inferred: inference !== null,
    }),
    checks: outcomes.map((outcome) => reportOf(outcome, scales)),
    model: await modelOf(subject),
    inference,
    exceptions: scales.exceptions(),
  };
}

function reportOf(outcome: Outcome, scales: Scales): CheckReport {
  const { check, status, reason, findings } = outcome;
  return {
    id: check.id,
    title: check.title,
    severity: check.severity,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(status === "failed" && scales.weigh(outcome) === "excepted" ? { excepted: true } : {}),
    findings,
  };
}

async function modelOf(subject: Subject): Promise<Report["model"]> {
  const model = await subject.model();
  if (model === null) return null;
  return { file: model.entry.path, format: model.format, signature: await subject.signature() };
}
