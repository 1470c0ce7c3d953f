import { bytesOf, elementCount } from "../../graph/dtype.ts";
import { fillBytes } from "../../runtime/fill.ts";
import type { Rerun } from "../../runtime/model-run.ts";
import type { RuntimeInput, TensorInput } from "../../runtime/runtime-input.ts";
import type { RawOutput } from "../../runtime/session-protocol.ts";
import { decodeKnown } from "../../torchscript/encode-known.ts";
import { type Check, type Finding, notApplicable, skipped } from "../check.ts";
import type { Subject } from "../subject.ts";
import { malformed } from "./malformed.ts";
import { torchProgram } from "./torch-program.ts";

export const fixedBatch: Check = {
  id: "torchscript/fixed-batch",
  title: "Model takes the batches that the server makes",
  severity: "error",
  why: "With batchSize above 1 TorchServe stacks requests; a program traced for one row fails, or mixes rows up.",
  remedy: "Use x.size(0) or -1 in view and reshape instead of a number, or export with a dynamic batch dimension.",
  after: [malformed],
  runsModel: true,
  async *run(subject) {
    // A server makes its batches itself, and was asked for one.
    if (subject.request !== null) return notApplicable;
    const program = await torchProgram(subject);
    const rows = await batchOf(subject);
    if (program === null || program.kind === "broken" || rows === null || rows < 2) return notApplicable;
    const run = await subject.modelRun();
    if (run.stage !== "done") return skipped("the model does not run with one row");
    const batched = run.inputs.filter(isBatched);
    if (batched.length === 0) return skipped("no input has a first dimension of 1");
    yield* compareRows(subject, run.inputs, rows, program.entry);
  },
};

/** Rows that are compared with their single runs: the first, the second and the last. */
const sampled = 3;
/** Largest difference of a row, of the largest absolute value: batching changes the order of sums, no more. */
const tolerance = 1e-3;

async function batchOf(subject: Subject): Promise<number | null> {
  if (subject.options.batch !== null) return subject.options.batch;
  const file = (await subject.manifest())?.manifest?.model.configFile;
  const text = file === undefined ? null : await subject.text(file);
  if (text === null) return null;
  const { parse } = await import("yaml");
  try {
    const config: unknown = parse(text, { maxAliasCount: 100 });
    const size = typeof config === "object" && config !== null && "batchSize" in config ? config.batchSize : null;
    return typeof size === "number" && Number.isInteger(size) ? size : null;
  } catch {
    return null; // The checks of config/ say what is wrong with it.
  }
}

function isBatched(input: RuntimeInput): input is TensorInput {
  return input.kind === "tensor" && input.shape[0] === 1;
}

async function* compareRows(
  subject: Subject,
  inputs: readonly RuntimeInput[],
  rows: number,
  entry: string,
): AsyncGenerator<Finding> {
  const all = inputs.map((input) => (isBatched(input) ? stacked(input, rows) : input));
  const batch = await subject.rerun(all);
  if (batch.stage !== "done") {
    yield { message: `a batch of ${rows} does not run: ${reasonOf(batch)}`, at: entry };
    return;
  }
  const chosen = [...new Set([0, 1, rows - 1])].slice(0, sampled);
  for (const row of chosen) {
    const single = await subject.rerun(
      all.map((input, i) => (isBatched(inputs[i] ?? input) ? rowOf(input, row) : input)),
    );
    if (single.stage !== "done") return;
    const difference = single.outputs.map((output, i) => differs(output, batch.outputs[i], row, rows)).find(Boolean);
    if (difference) {
      yield { message: `in a batch of ${rows}, ${difference}`, at: entry };
      return;
    }
  }
}

function reasonOf(run: Exclude<Rerun, { stage: "done" }>): string {
  return run.stage === "skipped" ? (run.advice[0]?.message ?? run.reason) : run.failure.message;
}

/** The input with `rows` rows that differ from each other. */
function stacked(input: TensorInput, rows: number): TensorInput {
  const shape = [rows, ...input.shape.slice(1)];
  const { fill } = input;
  if (fill.kind !== "bytes")
    return { ...input, shape, fill: { kind: "bytes", bytes: fillBytes(input.dtype, shape, fill), file: "rows" } };
  const size = fill.bytes.length;
  const bytes = new Uint8Array(size * rows);
  const step = bytesOf(input.dtype);
  // The same elements, moved on by one in each row: other values of the same kind.
  for (let row = 0; row < rows; row++) {
    const shift = (row * step) % Math.max(size, 1);
    bytes.set(fill.bytes.subarray(shift), row * size);
    bytes.set(fill.bytes.subarray(0, shift), row * size + size - shift);
  }
  return { ...input, shape, fill: { ...fill, bytes } };
}

function rowOf(input: RuntimeInput, row: number): RuntimeInput {
  if (input.kind !== "tensor" || input.fill.kind !== "bytes") return input;
  const shape = [1, ...input.shape.slice(1)];
  const size = elementCount(shape) * bytesOf(input.dtype);
  return { ...input, shape, fill: { ...input.fill, bytes: input.fill.bytes.slice(row * size, (row + 1) * size) } };
}

/** How a row of the batch differs from the single run; null: not at all. */
function differs(single: RawOutput, batch: RawOutput | undefined, row: number, rows: number): string | null {
  if (batch === undefined) return "there are fewer outputs";
  const perRow = single.shape[0] === 1 && batch.shape[0] === rows;
  if (!perRow && batch.shape.join() !== single.shape.join()) {
    return `output ${single.name} has the shape ${shapeText(batch)}, where one row gives ${shapeText(single)}`;
  }
  const size = single.bytes.length;
  const part = perRow ? batch.bytes.subarray(row * size, (row + 1) * size) : batch.bytes;
  const [expected, found] = [decodeKnown(single.dtype, single.bytes), decodeKnown(single.dtype, part)];
  if (expected === null || found === null) return null;
  const scale = expected.reduce<number>((most, value) => Math.max(most, Math.abs(Number(value))), 1e-12);
  const worst = expected.reduce<number>(
    (most, value, i) => Math.max(most, Math.abs(Number(value) - Number(found[i]))),
    0,
  );
  if (worst <= tolerance * scale) return null;
  return `row ${row} of output ${single.name} differs from its single run by ${worst.toPrecision(2)}`;
}

function shapeText({ shape }: RawOutput): string {
  return `[${shape.join(", ")}]`;
}
