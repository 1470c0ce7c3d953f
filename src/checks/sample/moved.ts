import { numbersOf } from "../../runtime/summary.ts";
import { movement } from "../../sample/moved.ts";
import { type Check, type Finding, notApplicable, skipped } from "../check.ts";
import { runs } from "../model/runs.ts";
import { recordedSamples, type RecordedRun } from "./sample-run.ts";

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
      if (sample.stage === "done") yield* movedOutputs(sample);
    }
    const unrun = samples.find((sample) => sample.stage === "skipped");
    if (unrun?.stage === "skipped") return skipped(unrun.reason);
  },
};

function* movedOutputs(sample: Extract<RecordedRun, { stage: "done" }>): Generator<Finding> {
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
