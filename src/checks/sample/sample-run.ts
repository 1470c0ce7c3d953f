import { readNpy } from "../../runtime/npy.ts";
import type { RequestBody } from "../../runtime/request-body.ts";
import type { RawOutput } from "../../runtime/session-protocol.ts";
import type { RuntimeInput, TensorInput } from "../../runtime/runtime-input.ts";
import { numbersOf } from "../../runtime/summary.ts";
import { readRecorded, type RecordedSample, type RecordedTensor, samplesFolder } from "../../sample/recorded-sample.ts";
import { sampleInputs } from "../../sample/sample-inputs.ts";
import { answeredLabels } from "../../sample/served-answer.ts";
import { type TopLabel, topLabels } from "../../sample/top-labels.ts";
import { readLabels } from "../labels/label-file.ts";
import type { Finding } from "../check.ts";
import type { Subject } from "../subject.ts";

/** A sample that was run, or why it was not. */
export type SampleRun = RanSample | { readonly stage: "skipped"; readonly reason: string } | FailedSample;

interface FailedSample {
  readonly stage: "failed";
  readonly finding: Finding;
}

export interface RanSample {
  readonly stage: "done";
  readonly name: string;
  readonly preprocessing: string;
  readonly expect: string | null;
  readonly inputs: readonly RuntimeInput[];
  readonly outputs: readonly RawOutput[];
  /** Of a server, which gives no tensors. */
  readonly answer?: string;
  /** The five likeliest classes; empty for outputs that are no classes. */
  readonly top: readonly TopLabel[];
}

/** A sample of the archive's own, with what it gave when it was packed. */
export type RecordedRun = { readonly entry: string } & (
  | (RanSample & { readonly recorded: RecordedSample; readonly before: readonly RawOutput[] })
  | Exclude<SampleRun, RanSample>
);

const given = new WeakMap<Subject, Promise<SampleRun | null>>();
const kept = new WeakMap<Subject, Promise<readonly RecordedRun[]>>();

/** The run of `--sample`; null when there is none. */
export function givenSample(subject: Subject): Promise<SampleRun | null> {
  return remembered(given, subject, runGiven);
}

/** The runs of the samples that the archive brings, in the order of its manifest. */
export function recordedSamples(subject: Subject): Promise<readonly RecordedRun[]> {
  return remembered(kept, subject, runRecorded);
}

function remembered<T>(
  known: WeakMap<Subject, Promise<T>>,
  subject: Subject,
  make: (subject: Subject) => Promise<T>,
): Promise<T> {
  let found = known.get(subject);
  if (!found) known.set(subject, (found = make(subject)));
  return found;
}

const madeUp = { fill: null, seed: 0 } as const;

async function runGiven(subject: Subject): Promise<SampleRun | null> {
  const { sample } = subject.options;
  if (sample === null) return null;
  if (subject.request !== null) {
    const { name } = sample.file;
    return ask(subject, { name, preprocessing: byHandler, expect: sample.expect }, sample.file, subject.request);
  }
  const declared = (await subject.signature())?.inputs ?? [];
  const prepared = sampleInputs(sample.file, declared, madeUp);
  if ("misfit" in prepared) return fail({ message: prepared.misfit, at: null, remedy: prepared.remedy });
  const { preprocessing, inputs } = prepared;
  return run(subject, { name: sample.file.name, preprocessing, expect: sample.expect }, inputs);
}

type Described = Pick<RanSample, "name" | "preprocessing" | "expect">;

async function run(subject: Subject, sample: Described, inputs: readonly RuntimeInput[]): Promise<SampleRun> {
  const rerun = await subject.rerun(inputs);
  if (rerun.stage === "skipped") {
    const [advice] = rerun.advice;
    // The dummy input ran, so a sample that does not fit is the sample's fault.
    return rerun.loaded ? fail(advice ?? { message: rerun.reason, at: null }) : rerun;
  }
  if (rerun.stage !== "done") return fail(rerun.failure);
  const { outputs } = rerun;
  return { stage: "done", ...sample, inputs, outputs, top: await topOf(subject, outputs) };
}

const byHandler = "the handler's own";

type Request = NonNullable<Subject["request"]>;

/** Posts the file itself to the server that runs the model. */
async function ask(subject: Subject, sample: Described, body: RequestBody, request: Request): Promise<SampleRun> {
  const served = await request(body);
  if (served.stage === "skipped") return served;
  if (served.stage !== "done") return fail(served.failure);
  const { answer } = served;
  const top = answeredLabels(answer, await readLabels(subject));
  return { stage: "done", ...sample, inputs: [], outputs: [], answer, top };
}

const fail = (finding: Finding): FailedSample => ({ stage: "failed", finding });

/** Classes of the first output that has a score for each class. */
export async function topOf(subject: Subject, outputs: readonly RawOutput[]): Promise<readonly TopLabel[]> {
  const scores = outputs.find(({ dtype, shape }) => /float/.test(dtype) && (shape.length === 1 || shape.length === 2));
  if (scores === undefined) return [];
  const labels = subject.options.sample?.labels ?? (await readLabels(subject));
  return topLabels(numbersOf(scores.dtype, scores.bytes), scores.shape.at(-1) ?? 0, labels);
}

async function runRecorded(subject: Subject): Promise<readonly RecordedRun[]> {
  const manifest = (await subject.manifest())?.manifest;
  const entries: unknown = manifest?.modelArchiver?.["samples"];
  if (!Array.isArray(entries)) return [];
  const runs: RecordedRun[] = [];
  for (const entry of entries.slice(0, samplesLimit)) {
    runs.push({ entry: String(entry), ...(await runEntry(subject, String(entry))) });
  }
  return runs;
}

const samplesLimit = 100;
const tensorLimit = 256 << 20;

async function runEntry(
  subject: Subject,
  entry: string,
): Promise<Exclude<SampleRun, RanSample> | (RanSample & Pick<RanRecord, "recorded" | "before">)> {
  const at = { at: entry };
  const text = entry.startsWith(`${samplesFolder}/`) ? await subject.text(entry) : null;
  if (text === null) return fail({ message: "the manifest names a sample that is not there, or no text", ...at });
  const recorded = readRecorded(text);
  if (typeof recorded === "string") return fail({ message: `no record of a sample: ${recorded}`, ...at });
  const folder = folderOf(entry);
  const before = await readTensors(subject, folder, recorded.outputs);
  if (subject.request !== null) return askEntry(subject, entry, recorded, before, subject.request);
  const inputs = await readTensors(subject, folder, recorded.inputs);
  if (typeof inputs === "string") return fail({ message: inputs, ...at });
  if (typeof before === "string") return fail({ message: before, ...at });
  const ran = await run(subject, recorded, inputs);
  if (ran.stage !== "done") return ran;
  return { ...ran, recorded, before: before.map(outputOf) };
}

const folderOf = (entry: string): string => entry.slice(0, entry.lastIndexOf("/") + 1);

async function askEntry(
  subject: Subject,
  entry: string,
  recorded: RecordedSample,
  before: TensorInput[] | string,
  request: Request,
): ReturnType<typeof runEntry> {
  if (typeof before === "string") return fail({ message: before, at: entry });
  const body = await bodyOf(subject, entry, recorded);
  if (body === null) return { stage: "skipped", reason: `${entry} lacks the file that a client sends` };
  const { name, expect } = recorded;
  const ran = await ask(subject, { name, preprocessing: byHandler, expect }, body, request);
  return ran.stage === "done" ? { ...ran, recorded, before: before.map(outputOf) } : ran;
}

async function bodyOf(subject: Subject, entry: string, { name, request }: RecordedSample): Promise<RequestBody | null> {
  const bytes = request === null ? null : await subject.bytes(folderOf(entry) + request.file, tensorLimit);
  return request === null || bytes === null ? null : { name, type: request.type, bytes };
}

/** What a client would send, from the first sample that the archive brings; null where it brings none. */
export async function recordedRequest(subject: Subject): Promise<RequestBody | null> {
  const manifest = (await subject.manifest())?.manifest;
  const entries: unknown = manifest?.modelArchiver?.["samples"];
  const entry = Array.isArray(entries) ? String(entries[0]) : null;
  const text = entry?.startsWith(`${samplesFolder}/`) ? await subject.text(entry) : null;
  const recorded = text === null ? "none" : readRecorded(text);
  return entry === null || typeof recorded === "string" ? null : bodyOf(subject, entry, recorded);
}

type RanRecord = Extract<RecordedRun, { readonly stage: "done" }>;

async function readTensors(
  subject: Subject,
  folder: string,
  tensors: readonly RecordedTensor[],
): Promise<TensorInput[] | string> {
  const read: TensorInput[] = [];
  for (const { name, file } of tensors) {
    const bytes = await subject.bytes(folder + file, tensorLimit);
    const tensor = bytes === null ? "is not there, or over 256 MB" : readNpy(bytes);
    if (typeof tensor === "string") return `${folder}${file}: ${tensor}`;
    const { dtype, shape } = tensor;
    read.push({ kind: "tensor", name, dtype, shape, fill: { kind: "bytes", bytes: tensor.bytes, file } });
  }
  return read;
}

function outputOf({ name, dtype, shape, fill }: TensorInput): RawOutput {
  return { name: name ?? "", dtype, shape, bytes: fill.kind === "bytes" ? fill.bytes : new Uint8Array(0) };
}
