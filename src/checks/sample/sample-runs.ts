import { type Check, notApplicable, skipped } from "../check.ts";
import { runs } from "../model/runs.ts";
import { givenSample } from "./sample-run.ts";

export const sampleRuns: Check = {
  id: "sample/runs",
  title: "Model takes the sample",
  severity: "error",
  why: "An example of real input says more than made-up numbers: a model that refuses it refuses its users.",
  remedy: "Give a sample that the model takes; model-archiver inspect shows its inputs.",
  after: [runs],
  runsModel: true,
  async *run(subject) {
    const run = await givenSample(subject);
    if (run === null) return notApplicable;
    if (run.stage === "skipped") return skipped(run.reason);
    if (run.stage === "failed") yield run.finding;
  },
};
