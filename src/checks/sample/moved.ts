import { numbersOf } from "../../runtime/summary.ts";
import { movement } from "../../sample/moved.ts";
import { answeredNumbers } from "../../sample/served-answer.ts";
import type { TopLabel } from "../../sample/top-labels.ts";
import { type Check, type Finding, notApplicable, skipped } from "../check.ts";
import { runs } from "../model/runs.ts";
import type { Subject } from "../subject.ts";
import { recordedSamples, type RecordedRun, topOf } from "./sample-run.ts";
import { labelText } from "./sample-text.ts";

export const sampleMoved: Check = {
  id: "sample/moved",
  title: "Recorded samples give what they gave when they were packed",
  severity: "error",
  why: "The archive brings an input and what the model made of it; other numbers mean another model, or a broken engine.",
  remedy: "Find out what changed; if it is meant, pack again with archive --sample.",
  after: [runs],
  runsModel: true,
  async *run(subject) {
    const samples = await recordedSamples(subject);
    if (samples.length === 0) return notApplicable;
    for (const sample of samples) {
      if (sample.stage === "failed") yield { ...sample.finding, at: sample.entry };
      if (sample.stage !== "done") continue;
      if (sample.answer === undefined) yield* movedOutputs(sample);
      else {
        const moved = await movedAnswer(subject, sample, sample.answer);
        if (moved === null)
          return skipped(`nothing in the answer to ${sample.name} compares with the recorded outputs`);
        yield* moved;
      }
    }
    const unrun = samples.find((sample) => sample.stage === "skipped");
    if (unrun?.stage === "skipped") return skipped(unrun.reason);
  },
};

type RanRecord = Extract<RecordedRun, { stage: "done" }>;

function* movedOutputs(sample: RanRecord): Generator<Finding> {
  const { recorded, before, outputs, name, entry } = sample;
  if (outputs.length !== before.length) {
    yield { message: `${name}: ${outputs.length} outputs, ${before.length} were recorded`, at: entry };
    return;
  }
  for (const [i, was] of before.entries()) {
    const now = outputs[i];
    if (now === undefined) continue;
    const output = `${name}: output ${was.name || i}`;
    if (now.shape.join("x") !== was.shape.join("x")) {
      yield { message: `${output} is ${now.shape.join("x")}; recorded is ${was.shape.join("x")}`, at: entry };
      continue;
    }
    const [then, today] = [numbersOf(was.dtype, was.bytes), numbersOf(now.dtype, now.bytes)];
    const { difference, allowed } = movement(then, today, recorded.tolerance);
    if (difference <= allowed) continue;
    const by = Number.isFinite(difference) ? `by ${difference.toPrecision(3)}` : "beyond comparison";
    yield { message: `${output} moved ${by}; ${allowed.toPrecision(3)} is allowed`, at: entry };
  }
}

/** A handler prepares pictures itself, and by other libraries, than who recorded the sample. */
const probabilityTolerance = 0.02;

/** What a server answers against what was recorded: class by class, or number by number. Null: they do not compare. */
async function movedAnswer(
  subject: Subject,
  { recorded, before, top, name, entry }: RanRecord,
  answer: string,
): Promise<Finding[] | null> {
  const then = await topOf(subject, before);
  if (then.length > 0 && top.length > 0) return movedLabels(name, entry, then, top);
  const was = before.map(({ dtype, bytes }) => numbersOf(dtype, bytes));
  const now = answeredNumbers(answer);
  if (was.length !== 1 || was[0] === undefined || was[0].length !== now.length) return null;
  const { difference, allowed } = movement(was[0], now, recorded.tolerance);
  if (difference <= allowed) return [];
  const message = `${name}: the answer is ${difference.toPrecision(3)} from the record; ${allowed.toPrecision(3)} is allowed`;
  return [{ message, at: entry }];
}

function movedLabels(name: string, entry: string, then: readonly TopLabel[], top: readonly TopLabel[]): Finding[] {
  const key = ({ label, index }: TopLabel): string => label ?? String(index);
  const now = new Map(top.map((label) => [key(label), label.probability]));
  return then.flatMap((was): Finding[] => {
    const probability = now.get(key(was)) ?? 0;
    if (Math.abs(was.probability - probability) <= probabilityTolerance) return [];
    return [
      {
        message: `${name}: ${labelText(was)} was recorded; the server gives ${labelText({ ...was, probability })}`,
        at: entry,
      },
    ];
  });
}
