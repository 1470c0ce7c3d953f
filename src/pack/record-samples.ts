import { basename } from "node:path";
import { nodeDisk } from "../archive/disk.ts";
import { readAll } from "../archive/entry-source.ts";
import { openArchive } from "../archive/open.ts";
import { archiveSubject } from "../checks/archive-subject.ts";
import { labelsOf, labelsPath } from "../checks/labels/label-file.ts";
import { modelRunner } from "../checks/model/run-model.ts";
import { givenSample, type RanSample } from "../checks/sample/sample-run.ts";
import { labelText } from "../checks/sample/sample-text.ts";
import { defaultCheckOptions } from "../checks/subject.ts";
import { ArchiverError } from "../errors.ts";
import { EnginePool } from "../runtime/engine-pool.ts";
import { writeNpy } from "../runtime/npy.ts";
import type { LoadedTensor } from "../runtime/dummy-input.ts";
import {
  defaultTolerance,
  type RecordedSample,
  type RecordedTensor,
  sampleSchemaVersion,
  samplesFolder,
} from "../sample/recorded-sample.ts";
import { readSample, type SampleFile } from "../sample/sample-file.ts";
import { isExpected } from "../sample/top-labels.ts";
import type { SampleToRecord } from "./recipe.ts";
import { madeSource, type Source } from "./source.ts";

export interface SamplesToRecord {
  readonly samples: readonly SampleToRecord[];
  /** The model file, or the archive that is packed again. */
  readonly model: string;
  /** What will be packed: the names of the classes are looked for here. */
  readonly sources: readonly Source[];
  readonly cwd: string;
}

const timeoutMs = 120_000;
/** The sample as a client sends it, whatever it is. */
const requestFile = "request.bin";

interface Recorded {
  readonly file: SampleFile;
  readonly ran: RanSample;
}

/**
 * Runs the model on each sample and gives what to pack: the file itself, the prepared input and the output as `.npy`,
 * with a `sample.json` that describes them. Throws ArchiverError when the model does not take a sample, or names another label.
 */
export async function recordSamples(wanted: SamplesToRecord): Promise<{ sources: Source[]; entries: string[] }> {
  const pool = new EnginePool({ project: wanted.cwd, timeoutMs });
  pool.warm();
  try {
    const engine = await pool.use((process) => process.engine).catch(missingEngine);
    const taken = new Set(wanted.sources.map((source) => source.path));
    const all: Source[] = [];
    const entries: string[] = [];
    let number = 0;
    for (const sample of wanted.samples) {
      const ran = await runSample(sample, wanted, pool);
      do number += 1;
      while (taken.has(`${samplesFolder}/${number}/sample.json`));
      const folder = `${samplesFolder}/${number}`;
      all.push(...sourcesOf(ran, engine, folder, sample.file));
      entries.push(`${folder}/sample.json`);
    }
    return { sources: all, entries };
  } finally {
    pool.close();
  }
}

function missingEngine(cause: unknown): never {
  throw new ArchiverError("engine-missing", "Recording a sample runs the model, and there is no ONNX Runtime.", {
    cause,
  });
}

async function runSample(
  { file: path, expect }: SampleToRecord,
  wanted: SamplesToRecord,
  pool: EnginePool,
): Promise<Recorded> {
  const file = await readSample(path, wanted.cwd);
  const labels = await labelsIn(wanted.sources);
  const archive = await openArchive(wanted.model, { whole: true });
  try {
    const sample = { file, expect, ...(labels === null ? {} : { labels }) };
    const runner = modelRunner(pool, { inputs: [], fill: null, seed: 0 });
    const run = await givenSample(archiveSubject(archive, { ...defaultCheckOptions, sample }, runner));
    if (run?.stage !== "done") throw notTaken(path, run);
    const [first] = run.top;
    if (expect !== null && !isExpected(first, expect)) {
      const given = first === undefined ? "no scores of classes" : labelText(first);
      throw new ArchiverError("bad-sample", `${path}: the model gives ${given}, not ${expect}.`, {
        remedy: "Check the weights, the labels and the sample; nothing was written.",
      });
    }
    return { file, ran: run };
  } finally {
    await archive.close();
  }
}

function notTaken(path: string, run: Exclude<Awaited<ReturnType<typeof givenSample>>, RanSample>): ArchiverError {
  if (run?.stage !== "failed") return new ArchiverError("bad-sample", `${path} was not run: ${run?.reason ?? ""}`);
  const { message, remedy } = run.finding;
  return new ArchiverError("bad-sample", `${path}: ${message}`, remedy === undefined ? {} : { remedy });
}

async function labelsIn(sources: readonly Source[]): Promise<ReadonlyMap<string, string> | null> {
  const source = sources.find(({ path }) => path === labelsPath);
  if (source === undefined) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(await readAll(source.bytes, nodeDisk)).toString("utf8"));
    const labels = labelsOf(value);
    return "names" in labels ? labels.names : null;
  } catch {
    return null; // A check says what is wrong with it.
  }
}

function sourcesOf({ file, ran }: Recorded, engine: string, folder: string, from: string): Source[] {
  const tensors: { readonly row: RecordedTensor; readonly bytes: Uint8Array }[] = [];
  const record = (kind: string, name: string | null, tensor: LoadedTensor): RecordedTensor => {
    const bytes = writeNpy(tensor);
    if (typeof bytes === "string") throw new ArchiverError("bad-sample", `${from} cannot be recorded: ${bytes}.`);
    const row = { name, dtype: tensor.dtype, shape: tensor.shape, file: `${kind}-${tensors.length}.npy` };
    tensors.push({ row, bytes });
    return row;
  };
  const sample: RecordedSample = {
    schemaVersion: sampleSchemaVersion,
    name: ran.name,
    preprocessing: ran.preprocessing,
    expect: ran.expect,
    engine,
    inputs: ran.inputs.map((input) => {
      if (input.kind !== "tensor" || input.fill.kind !== "bytes") {
        throw new ArchiverError("bad-sample", `${from} gives no value for every input of the model.`);
      }
      const { name, dtype, shape, fill } = input;
      return record("input", name, { dtype, shape, bytes: fill.bytes });
    }),
    outputs: ran.outputs.map((output) => record("output", output.name, output)),
    request: { type: file.type, file: requestFile },
    tolerance: defaultTolerance,
  };
  const text = Buffer.from(`${JSON.stringify(sample, null, 2)}\n`);
  const named = `${basename(from)}, recorded`;
  return [
    madeSource(`${folder}/sample.json`, named, text),
    ...tensors.map(({ row, bytes }) => madeSource(`${folder}/${row.file}`, named, bytes)),
    madeSource(`${folder}/${requestFile}`, named, file.bytes),
  ];
}
