import type { Archive } from "../archive/archive.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { prepare } from "../checks/model/prepare.ts";
import { modelRunner, type RunModelOptions } from "../checks/model/run-model.ts";
import { defaultCheckOptions, type Subject } from "../checks/subject.ts";
import type { EnginePool } from "../runtime/engine-pool.ts";
import { fillName } from "../runtime/fill.ts";
import type { Rerun } from "../runtime/model-run.ts";
import type { RuntimeInput } from "../runtime/runtime-input.ts";
import type { RawOutput } from "../runtime/session-protocol.ts";
import { numbersOf } from "../runtime/summary.ts";
import { staticErrors } from "../verify/static-errors.ts";
import type { NumericDifference, OutputDifference } from "./difference.ts";

export interface NumericOptions extends RunModelOptions {
  readonly pool: EnginePool;
  readonly signal?: AbortSignal;
}

/**
 * Runs both models on the same input and tells how far their outputs are apart. Neither runs when a static check holds
 * an error against either; whatever stands in the way is data.
 */
export async function numericDifference(
  before: Archive,
  after: Archive,
  options: NumericOptions,
): Promise<NumericDifference> {
  for (const at of ["before", "after"] as const) {
    const [error] = await staticErrors(at === "before" ? before : after, options.signal);
    if (error !== undefined) return skipped(`${error.rule}: ${error.message}`, at);
  }
  const runner = modelRunner(options.pool, options);
  const a = archiveSubject(before, defaultCheckOptions, runner);
  const b = archiveSubject(after, defaultCheckOptions, runner);
  const prepared = await prepare(a, options);
  if (prepared.stage !== "prepared") return skipped(reasonOf(prepared), "before");
  await prepared.close();
  const inputs = await commonInputs(prepared.inputs, b);
  const first = await a.rerun(inputs);
  if (first.stage !== "done") return skipped(reasonOf(first), "before");
  const second = await b.rerun(inputs);
  if (second.stage !== "done") return skipped(reasonOf(second), "after");
  return {
    stage: "done",
    engine: await options.pool.use((process) => process.engine),
    inputs: inputs.map(inputText),
    outputs: compareOutputs(first.outputs, second.outputs),
  };
}

function skipped(reason: string, at: "before" | "after"): NumericDifference {
  return { stage: "skipped", at, reason };
}

function reasonOf(run: Exclude<Rerun, { stage: "done" }>): string {
  return run.stage === "skipped" ? (run.advice[0]?.message ?? run.reason) : run.failure.message;
}

/** By name where both models have these names, else by position. */
async function commonInputs(inputs: readonly RuntimeInput[], other: Subject): Promise<readonly RuntimeInput[]> {
  const names = new Set((await other.signature())?.inputs.map(({ name }) => name));
  if (inputs.every(({ name }) => name !== null && names.has(name))) return inputs;
  return inputs.map((input) => ({ ...input, name: null }));
}

function inputText(input: RuntimeInput): string {
  if (input.kind !== "tensor") return `${input.value} ${input.kind}`;
  return `${input.shape.join("x") || "scalar"} ${input.dtype} ${fillName(input.fill)}`;
}

function compareOutputs(before: readonly RawOutput[], after: readonly RawOutput[]): readonly OutputDifference[] {
  const named = new Map(after.map((output) => [output.name, output]));
  const byName = before.every(({ name }) => named.has(name)) && named.size === before.length;
  const rows = before.map((output, at) => compareOutput(output, (byName ? named.get(output.name) : after[at]) ?? null));
  return [...rows, ...after.slice(before.length).map((output) => compareOutput(null, output))];
}

function compareOutput(before: RawOutput | null, after: RawOutput | null): OutputDifference {
  const name = before?.name ?? after?.name ?? "";
  const [old, now] = [before, after].map((output) => output && { dtype: output.dtype, shape: output.shape });
  const row = { name, before: old ?? null, after: now ?? null };
  if (before === null || after === null || before.shape.join() !== after.shape.join()) {
    return { ...row, difference: null, magnitude: null, top: null };
  }
  const [a, b] = [numbersOf(before.dtype, before.bytes), numbersOf(after.dtype, after.bytes)];
  if (a.length !== b.length || (a.length === 0 && before.bytes.length > 0)) {
    return { ...row, difference: null, magnitude: null, top: null };
  }
  let [difference, magnitude] = [0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a.at(i), b.at(i)];
    if (Number.isFinite(x)) magnitude = Math.max(magnitude, Math.abs(x));
    if (Object.is(x, y) || x === y) continue;
    const apart = Math.abs(x - y);
    difference = Math.max(difference, Number.isNaN(apart) ? Infinity : apart);
  }
  const top = topOf(before.shape, a, b);
  return { ...row, difference: Number.isFinite(difference) ? difference : "Infinity", magnitude, top };
}

/** Rows whose largest value is at the same place, where the output can be scores of classes. */
function topOf(
  shape: readonly number[],
  a: ReturnType<typeof numbersOf>,
  b: ReturnType<typeof numbersOf>,
): OutputDifference["top"] {
  const [rows = 0, classes = 0] = shape;
  if (shape.length !== 2 || rows === 0 || classes < 2) return null;
  const largest = (values: typeof a, row: number): number => {
    let best = 0;
    for (let i = 1; i < classes; i += 1) if (values.at(row * classes + i) > values.at(row * classes + best)) best = i;
    return best;
  };
  let same = 0;
  for (let row = 0; row < rows; row += 1) if (largest(a, row) === largest(b, row)) same += 1;
  return { rows, same };
}
