import type { Archive } from "../archive/archive.ts";
import { archiveSubject, type ModelRunner } from "../checks/archive-subject.ts";
import type { Check, Outcome } from "../checks/check.ts";
import { modelRunner, type RunModelOptions } from "../checks/model/run-model.ts";
import { checks as allChecks } from "../checks/registry.ts";
import { subjectFlows } from "../checks/residency/subject-flows.ts";
import { givenSample, type RanSample, recordedSamples } from "../checks/sample/sample-run.ts";
import { runChecks } from "../checks/run-checks.ts";
import { type CheckOptions, defaultCheckOptions, type Subject } from "../checks/subject.ts";
import { EnginePool } from "../runtime/engine-pool.ts";
import type { EngineName } from "../bench/engines.ts";
import type { Limit } from "../bench/slo.ts";
import { Scales, type Waiver } from "./exceptions.ts";
import { verdictOf, withSlo } from "./verdict.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { CheckReport, Report } from "./report.ts";

export interface VerifyOptions extends Partial<CheckOptions>, Partial<RunModelOptions> {
  /** Everything but running the model; the verdict is then `sound`, `not ready` or `not proven`. */
  readonly static?: boolean;
  /** Warnings count as errors. */
  readonly strict?: boolean;
  /** Findings to live with; each is shown in the report. */
  readonly exceptions?: readonly Waiver[];
  /** For loading and running one model, ms; 120,000 unless told. */
  readonly timeoutMs?: number;
  /** Where an engine of the user's project is looked for; the working directory unless told. */
  readonly project?: string;
  readonly signal?: AbortSignal;
  /** Processes to use, when several archives share them; the caller closes it. */
  readonly pool?: EnginePool;
  readonly checks?: readonly Check[];
  /** `torch`: the user's own Python with PyTorch; `torchserve`: a real server of it. Both execute the archive's code. */
  readonly engine?: EngineName;
  /** That Python; `python3` unless told. */
  readonly python?: string;
  /** Limits to measure against once everything else is ready. */
  readonly slo?: readonly Limit[];
  /** ONNX Runtime is what will serve, whatever the archive says: its figures count for `slo`. */
  readonly ownEngine?: boolean;
  /** With `torch`: run ONNX Runtime, too, and tell the largest difference. */
  readonly compare?: boolean;
}

/** A report, and what a page for people shows besides. */
export interface Verified {
  readonly report: Report;
  readonly facts: Facts;
}

/**
 * Judges an archive or a model file: every check, and the dummy run when no static check failed. Whatever is wrong with
 * the archive is in the report; throws ArchiverError only where the medium cannot be read.
 */
export async function verify(archive: Archive, options: VerifyOptions = {}): Promise<Report> {
  return (await verifyWithFacts(archive, options)).report;
}

/** As `verify`, with what a page shows besides. */
export async function verifyWithFacts(archive: Archive, options: VerifyOptions = {}): Promise<Verified> {
  if (options.static || options.pool) return judgeWithRunner(archive, options);
  const pool = enginePool(options);
  if (options.engine !== "torchserve") pool.warm();
  try {
    return await judgeWithRunner(archive, { ...options, pool });
  } finally {
    pool.close();
  }
}

async function judgeWithRunner(archive: Archive, options: VerifyOptions): Promise<Verified> {
  const runner = await runnerOf(options);
  try {
    return await judge(archive, options, runner);
  } finally {
    await runner?.close?.();
  }
}

const defaultTimeoutMs = 120_000;

export function enginePool(options: VerifyOptions): EnginePool {
  return new EnginePool({
    project: options.project ?? process.cwd(),
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

async function runnerOf(options: VerifyOptions): Promise<ModelRunner | undefined> {
  const settings = { inputs: [], fill: null, seed: 0, ...options };
  const { engine = "onnxruntime", python = "python3", timeoutMs = defaultTimeoutMs } = options;
  if (engine === "torchserve") {
    const { servedRunner } = await import("../checks/model/served-runner.ts");
    return servedRunner({ ...settings, python, timeoutMs, threads: 0 });
  }
  const own = options.pool && modelRunner(options.pool, settings);
  if (engine === "onnxruntime") return own;
  const { torchRunner } = await import("../checks/model/torch-runner.ts");
  const torch = torchRunner({ ...settings, python, timeoutMs });
  if (!options.compare || !own) return torch;
  const { comparingRunner } = await import("../checks/model/comparing-runner.ts");
  return comparingRunner(torch, own);
}

async function judge(archive: Archive, options: VerifyOptions, run: ModelRunner | undefined): Promise<Verified> {
  const started = performance.now();
  const scales = new Scales(options.exceptions ?? [], options.strict ?? false);
  const subject = archiveSubject(archive, { ...defaultCheckOptions, ...options }, run);
  const isStatic = options.static ?? false;
  const stops = (outcome: Outcome): boolean => scales.stops(outcome);
  const outcomes = await runChecks(subject, options.checks ?? allChecks, {
    static: isStatic,
    stops,
    excepted: (outcome) => scales.weigh(outcome) === "excepted",
  });
  const mayRun = !isStatic && !outcomes.some((outcome) => stops(outcome) && !outcome.check.runsModel);
  const modelRun = mayRun ? await subject.modelRun() : null;
  const inference = modelRun?.stage === "done" ? modelRun.inference : null;
  // What was aborted is no answer.
  options.signal?.throwIfAborted();
  const verdict = verdictOf({ outcomes, stops, static: isStatic, inferred: inference !== null });
  // A server that is no longer asked would be measured with the rest.
  await run?.close?.();
  const slo = verdict === "ready" ? await limitsOf(archive, options) : undefined;
  const report: Report = {
    path: archive.location,
    verdict: withSlo(verdict, slo),
    checks: outcomes.map((outcome) => reportOf(outcome, scales)),
    model: await modelOf(subject),
    inference,
    ...(inference === null ? {} : await samplesOf(subject)),
    ...(slo === undefined ? {} : { slo }),
    ...(await residencyOf(subject)),
    exceptions: [...scales.exceptions(), ...globalExceptions(options.allowGlobals ?? [])],
  };
  const durationMs = performance.now() - started;
  return {
    report,
    facts: await factsOf(subject, report, { durationMs, static: isStatic }),
  };
}

function reportOf(outcome: Outcome, scales: Scales): CheckReport {
  const { check, status, reason, findings } = outcome;
  return {
    id: check.id,
    title: check.title,
    // With --strict a warning is an error, to every reader of the report.
    severity: scales.severity(check),
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(status === "failed" && scales.weigh(outcome) === "excepted" ? { excepted: true } : {}),
    findings,
  };
}

function globalExceptions(names: readonly string[]): Report["exceptions"] {
  return names.map((name) => ({
    rule: `global ${name}`,
    at: null,
    source: "--allow-global",
    reason: null,
    used: null,
  }));
}

/** The inventory of data flows, when `--residency` asked for one. */
async function residencyOf(subject: Subject): Promise<Pick<Report, "residency">> {
  const flows = await subjectFlows(subject);
  const policy = subject.options.residency;
  if (flows === null || policy === null) return {};
  const rows = flows.map((flow) => ({
    ...flow,
    provider: flow.provider?.provider ?? null,
    seat: flow.provider?.seat ?? null,
  }));
  return { residency: { policy: policy.name, flows: rows } };
}

async function limitsOf(archive: Archive, options: VerifyOptions): Promise<Report["slo"]> {
  const { slo: limits = [], inputs = [], sample, project = process.cwd(), timeoutMs = defaultTimeoutMs } = options;
  if (limits.length === 0) return undefined;
  const { sloOf } = await import("./slo-run.ts");
  const { engine = "onnxruntime", python = "python3", ownEngine = false, signal, tmpDir } = options;
  const given = { ...(signal ? { signal } : {}), ...(tmpDir === undefined ? {} : { tmpDir }) };
  const rig = { engine, python, inputs, sample: sample?.file ?? null, project, timeoutMs, ...given };
  return sloOf(archive, limits, { ...rig, ownEngine, checked: true });
}

async function samplesOf(subject: Subject): Promise<Pick<Report, "sample" | "recordedSamples">> {
  const given = await givenSample(subject);
  const recorded = (await recordedSamples(subject)).flatMap((run) => (run.stage === "done" ? [shown(run)] : []));
  return {
    ...(given?.stage === "done" ? { sample: shown(given) } : {}),
    ...(recorded.length > 0 ? { recordedSamples: recorded } : {}),
  };
}

const shown = ({ name, preprocessing, expect, top }: RanSample) => ({ name, preprocessing, expect, top });

async function modelOf(subject: Subject): Promise<Report["model"]> {
  const model = await subject.model();
  if (model === null) return null;
  return { file: model.entry.path, format: model.format, signature: await subject.signature() };
}
