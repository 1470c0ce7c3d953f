import { type Check, notApplicable } from "../check.ts";

export const nondeterministic: Check = {
  id: "model/nondeterministic",
  title: "The same input gives the same output",
  severity: "warning",
  why: "The same request would get different answers: dropout left on, or a random operator in the graph.",
  remedy: "Call model.eval() before exporting; remove random operators.",
  runsModel: true,
  // Without an operator that draws random numbers (graph/random-operator.ts) one run is enough to know.
  async *run(subject) {
    const run = await subject.modelRun();
    if (run.stage !== "done") return notApplicable;
    for (const { name, difference } of run.unstable) {
      yield {
        message: `${name} differs by up to ${difference.toPrecision(3)} between two runs on one input`,
        at: null,
      };
    }
  },
};
