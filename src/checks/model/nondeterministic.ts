import { type Check, notApplicable } from "../check.ts";

export const nondeterministic: Check = {
  id: "model/nondeterministic",
  title: "Two runs give the same",
  severity: "warning",
  why: "The same request would get different answers: dropout left on, or a random operator in the graph.",
  remedy: "Call model.eval() before exporting; remove random operators.",
  runsModel: true,
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
