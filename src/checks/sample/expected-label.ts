import { isExpected, type TopLabel } from "../../sample/top-labels.ts";
import { type Check, type Finding, notApplicable } from "../check.ts";
import { recordedSamples, givenSample } from "./sample-run.ts";
import { sampleRuns } from "./sample-runs.ts";
import { labelText } from "./sample-text.ts";

export const expectedLabel: Check = {
  id: "sample/expected-label",
  title: "The sample's likeliest class is the expected one",
  severity: "error",
  why: "A model that runs and names the wrong thing was packed with wrong weights, wrong labels or wrong preprocessing.",
  remedy: "Check the weights, index_to_name.json, and how the sample is prepared.",
  after: [sampleRuns],
  runsModel: true,
  async *run(subject) {
    const runs = [await givenSample(subject), ...(await recordedSamples(subject))];
    const expecting = runs.filter((run) => run?.stage === "done" && run.expect !== null);
    if (expecting.length === 0) return notApplicable;
    for (const run of expecting) {
      if (run?.stage === "done" && run.expect !== null) yield* judge(run.name, run.expect, run.top);
    }
  },
};

function judge(name: string, expect: string, top: readonly TopLabel[]): Finding[] {
  const [first] = top;
  if (isExpected(first, expect)) return [];
  if (first === undefined) return [{ message: `${name}: the model gives no scores of classes`, at: null }];
  const place = top.findIndex((label) => isExpected(label, expect));
  const instead = place < 0 ? "is not among the first five" : `comes in place ${place + 1}`;
  return [{ message: `${name} is taken for ${labelText(first)}; ${expect} ${instead}`, at: null }];
}
