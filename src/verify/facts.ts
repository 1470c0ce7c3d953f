import { readLabels } from "../checks/labels/label-file.ts";
import { labelText } from "../checks/sample/sample-text.ts";
import type { Subject } from "../checks/subject.ts";
import { isBuiltInHandler } from "../manifest/built-in-handlers.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { formatNames } from "../model/model-format.ts";
import type { Report } from "./report.ts";

/** What a page for people shows of an archive besides its report. */
export interface Facts {
  /** Bytes. */
  readonly size: number;
  readonly durationMs: number;
  readonly static: boolean;
  /** `torch-model-archiver 0.12.0`, `model-archiver 1.2.0`; null where the archive does not tell. */
  readonly madeBy: string | null;
  /** As the manifest writes it. */
  readonly createdOn: string | null;
  /** What is good about a family of checks, in a few words; shown when all of them passed. */
  readonly passed: Readonly<Record<string, string>>;
}

export type Circumstances = Pick<Facts, "durationMs" | "static">;

export async function factsOf(subject: Subject, report: Report, circumstances: Circumstances): Promise<Facts> {
  const manifest = (await subject.manifest())?.manifest ?? null;
  const ours = manifest?.modelArchiver;
  const version = manifest?.archiverVersion;
  return {
    size: subject.archive.size,
    ...circumstances,
    madeBy: ours ? `${ours.tool} ${ours.version}` : version === undefined ? null : `torch-model-archiver ${version}`,
    createdOn: manifest?.createdOn ?? null,
    passed: {
      archive: archiveFacts(subject, ours?.integrity !== undefined),
      ...(manifest?.model.handler ? { handler: handlerFacts(manifest) } : {}),
      ...(await labelFacts(subject, report)),
      pickle: "tensors only, nothing that could run",
      ...(report.model ? { model: modelFacts(report.model) } : {}),
      ...sampleFacts(report),
      ...(report.inference ? { runs: runFacts(report.inference) } : {}),
    },
  };
}

function sampleFacts({ sample, recordedSamples = [] }: Report): { sample?: string } {
  const texts = [...(sample ? [sample] : []), ...recordedSamples].map(
    ({ name, top }) => `${name}: ${top.length === 0 ? "runs" : top.map(labelText).join(", ")}`,
  );
  const unmoved = recordedSamples.length > 0 ? ["as recorded"] : [];
  return texts.length === 0 ? {} : { sample: [...texts, ...unmoved].join("; ") };
}

function archiveFacts({ archive, options }: Subject, digested: boolean): string {
  const { length } = archive.entries;
  if (archive.container === "bare") return "a model file by itself";
  return [
    length === 1 ? "1 entry" : `${length.toLocaleString("en")} entries`,
    ...(archive.container === "zip" ? ["both views agree"] : []),
    ...(digested && options.digests ? ["every digest matches"] : []),
  ].join("; ");
}

function handlerFacts({ model, runtime }: Manifest): string {
  return isBuiltInHandler(model.handler, runtime) ? `${model.handler}, TorchServe's own` : model.handler;
}

/** `1,000 labels for 1,000 outputs`. */
async function labelFacts(subject: Subject, report: Report): Promise<{ readonly labels?: string }> {
  const names = await readLabels(subject);
  if (names === null) return {};
  const outputs = report.inference?.outputs[0]?.shape.at(-1);
  const labels = `${names.size.toLocaleString("en")} labels`;
  return { labels: outputs === undefined ? labels : `${labels} for ${outputs.toLocaleString("en")} outputs` };
}

function modelFacts({ format, signature }: NonNullable<Report["model"]>): string {
  const name = Object.entries(formatNames).find(([key]) => key === format)?.[1] ?? format;
  const counts = Object.values(signature?.operators ?? {});
  if (counts.length === 0) return name;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return `${name}, ${total.toLocaleString("en")} operators of ${counts.length} kinds`;
}

function runFacts({ engine, inputs, outputs, loadMs, runMs, compared }: NonNullable<Report["inference"]>): string {
  const tensor = ({ dtype, shape }: { dtype: string; shape: readonly number[] }): string =>
    `${shape.length === 0 ? "scalar" : shape.join("x")} ${dtype}`;
  const list = (values: readonly { dtype: string; shape: readonly number[] }[]): string =>
    values.length > 3
      ? `${values.slice(0, 2).map(tensor).join(", ")} and ${values.length - 2} more`
      : values.map(tensor).join(", ");
  if (outputs.length === 0) return servedFacts(engine, inputs, loadMs, runMs);
  const finite = outputs.every((output) => output.nonFinite === 0) ? ", all finite" : "";
  return `${list(inputs)} → ${list(outputs)}${finite}; load ${Math.round(loadMs)} ms, run ${Math.round(runMs)} ms${engine.startsWith("torch") ? ` (${engine})` : ""}${comparison(compared)}`;
}

/** What a server did: it gives no tensors. */
function servedFacts(
  engine: string,
  [request]: NonNullable<Report["inference"]>["inputs"],
  loadMs: number,
  runMs: number,
): string {
  const asked = request === undefined ? "a request" : `${request.fill}`;
  return `READY after ${(loadMs / 1000).toFixed(1)} s, answers ${asked} in ${Math.round(runMs)} ms (${engine})`;
}

function comparison(compared: NonNullable<Report["inference"]>["compared"]): string {
  if (compared === undefined) return "";
  const { difference, reason } = compared;
  return difference === null
    ? `; ONNX Runtime not compared: ${reason}`
    : `; ONNX Runtime differs by ${difference.toPrecision(2)}`;
}
