import type { Archive } from "../archive/archive.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { prepare, type Prepared } from "../checks/model/prepare.ts";
import { servingHandler } from "../checks/python/serving-handler.ts";
import { defaultCheckOptions, type Subject } from "../checks/subject.ts";
import { ArchiverError } from "../errors.ts";
import { formatNames } from "../model/model-format.ts";
import type { ResolvedSpec } from "../runtime/dummy-input.ts";
import type { RuntimeInput } from "../runtime/runtime-input.ts";

export interface WorkloadOptions {
  readonly inputs: readonly ResolvedSpec[];
  readonly tmpDir?: string;
}

/** A model with what to feed it, at any batch. */
export interface Workload {
  readonly path: string;
  /** Name of the model's format, for people. */
  readonly format: string;
  /** Why ONNX Runtime's figures say nothing of what will serve the archive; null: they do. */
  readonly otherEngine: string | null;
  /** At batch 1. */
  readonly prepared: Prepared;
  /** With `rows` times the rows; null where the model does not take them. The caller closes it. */
  atBatch(rows: number): Promise<Prepared | null>;
  close(): Promise<void>;
}

/** Prepares the archive's model. Throws ArchiverError `not-measurable` when it cannot run here. */
export async function workloadOf(archive: Archive, options: WorkloadOptions): Promise<Workload> {
  const subject = archiveSubject(archive, defaultCheckOptions);
  const settings = { fill: null, seed: 0, ...options };
  const prepared = await prepare(subject, settings);
  if (prepared.stage !== "prepared") {
    const [advice] = prepared.stage === "skipped" ? prepared.advice : [prepared.failure];
    const message = `${archive.location}: ${advice?.message ?? "the model cannot run"}.`;
    throw new ArchiverError("not-measurable", message, advice?.remedy === undefined ? {} : { remedy: advice.remedy });
  }
  const model = await subject.model();
  return {
    path: archive.location,
    format: model === null ? "model" : formatNames[model.format],
    otherEngine: await otherEngineOf(subject, prepared),
    prepared,
    async atBatch(rows) {
      const again = await prepare(subject, settings, rows === 1 ? null : batched(prepared.inputs, rows));
      return again.stage === "prepared" ? again : null;
    },
    close: () => prepared.close(),
  };
}

/** TorchServe's own handlers, and programs of PyTorch in whatever handler, run in PyTorch. */
async function otherEngineOf(subject: Subject, { lowered }: Prepared): Promise<string | null> {
  if (!lowered) return null;
  const handler = await servingHandler(subject);
  const who = handler?.kind === "server" ? `TorchServe's ${handler.name}` : "the archive's handler";
  return `${subject.archive.container === "bare" ? "a server" : who} runs it in PyTorch, not in ONNX Runtime`;
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
