import type { Archive } from "../archive/archive.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import type { PrepareOptions } from "../checks/model/prepare.ts";
import type { Outcome } from "../checks/check.ts";
import { checks } from "../checks/registry.ts";
import { runChecks } from "../checks/run-checks.ts";
import { defaultCheckOptions, type Subject } from "../checks/subject.ts";
import { ArchiverError } from "../errors.ts";
import { formatNames } from "../model/model-format.ts";
import type { ResolvedSpec } from "../runtime/dummy-input.ts";
import type { FailedRun, NoRun } from "../runtime/model-run.ts";
import type { RuntimeInput } from "../runtime/runtime-input.ts";
import type { SampleFile } from "../sample/sample-file.ts";
import { EngineFailure } from "../runtime/session.ts";
import { sampleInputs } from "../sample/sample-inputs.ts";
import type { Rig } from "./rig.ts";

export interface WorkloadOptions {
  readonly inputs: readonly ResolvedSpec[];
  /** What a client would send, prepared as the handler would; null: made-up inputs. */
  readonly sample?: SampleFile | null;
  /** The static checks were asked before, and none failed. */
  readonly checked?: boolean;
  readonly tmpDir?: string;
}

/** An archive's model, and what to feed it. */
export interface Workload {
  readonly path: string;
  readonly subject: Subject;
  readonly settings: PrepareOptions;
  readonly sample: SampleFile | null;
  /** What the sample means to the model; null without one. Throws ArchiverError `bad-sample` where it does not fit. */
  given(): Promise<readonly RuntimeInput[] | null>;
  facts(inputs: readonly RuntimeInput[]): Pick<Rig, "path" | "format" | "input">;
}

/** Throws ArchiverError `not-measurable` where a static check failed: such a model does not run. */
export async function workloadOf(archive: Archive, options: WorkloadOptions): Promise<Workload> {
  const subject = archiveSubject(archive, defaultCheckOptions);
  if (!options.checked) await refuseUnsound(subject);
  const { sample = null, ...rest } = options;
  const settings = { fill: null, seed: 0, ...rest };
  const model = await subject.model();
  const format = model === null ? "model" : formatNames[model.format];
  const path = archive.location;
  return {
    path,
    subject,
    settings,
    sample,
    given: async () => (sample === null ? null : inputsOf(subject, sample)),
    facts: (inputs) => ({ path, format, input: sample?.name ?? inputsText(inputs) }),
  };
}

async function refuseUnsound(subject: Subject): Promise<void> {
  const stops = ({ status, check }: Outcome): boolean => status === "failed" && check.severity === "error";
  const outcomes = await runChecks(subject, checks, { static: true, stops });
  const stopper = outcomes.find(stops);
  if (stopper === undefined) return;
  const [finding] = stopper.findings;
  const { location } = subject.archive;
  throw new ArchiverError(
    "not-measurable",
    `${location}: ${finding?.message ?? stopper.check.title} (${stopper.check.id}).`,
  );
}

async function inputsOf(subject: Subject, sample: SampleFile): Promise<readonly RuntimeInput[]> {
  const declared = (await subject.signature())?.inputs ?? [];
  const prepared = sampleInputs(sample, declared, { fill: null, seed: 0 });
  if ("inputs" in prepared) return prepared.inputs;
  throw new ArchiverError("bad-sample", `${prepared.misfit}.`, { remedy: prepared.remedy });
}

function inputsText(inputs: readonly RuntimeInput[]): string {
  const texts = inputs.map((input) =>
    input.kind === "tensor" ? `${input.shape.join("x") || "scalar"} ${input.dtype}` : `${input.value}`,
  );
  return `made-up ${texts.join(", ")}`;
}

/** What stood in the way of measuring, in the words that verify has for it (`told` throws what is a bug). */
export function measuringFailed(
  workload: Workload,
  error: unknown,
  told: (error: unknown) => NoRun | FailedRun,
): ArchiverError {
  const missing = error instanceof EngineFailure && error.problem === "missing";
  return notMeasurable(workload, told(error), missing ? "engine-missing" : "not-measurable");
}

/** Why a model cannot be measured, from why it cannot run. */
export function notMeasurable(
  { path }: Pick<Workload, "path">,
  run: NoRun | FailedRun,
  code: "not-measurable" | "engine-missing" = "not-measurable",
): ArchiverError {
  const [advice] = run.stage === "skipped" ? run.advice : [run.failure];
  const at = typeof advice?.at === "string" ? `${advice.at}: ` : "";
  const reason = advice?.message ?? (run.stage === "skipped" ? run.reason : "the model cannot run");
  return new ArchiverError(
    code,
    `${path}: ${at}${reason}.`,
    advice?.remedy === undefined ? {} : { remedy: advice.remedy },
  );
}

/** As many rows more in the first dimension of each tensor. */
export function batched(inputs: readonly RuntimeInput[], rows: number): RuntimeInput[] {
  return inputs.map((input) => {
    if (input.kind !== "tensor" || input.shape.length === 0) return input;
    const [first = 1, ...rest] = input.shape;
    const { fill } = input;
    const repeated =
      fill.kind === "bytes" ? { ...fill, bytes: Buffer.concat(Array.from({ length: rows }, () => fill.bytes)) } : fill;
    return { ...input, shape: [first * rows, ...rest], fill: repeated };
  });
}
