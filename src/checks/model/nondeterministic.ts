import { type Check, notApplicable } from "../check.ts";

/** A model with a memory is no mistake; one that requests of different callers share is. */
const kept = [
  "the model keeps state from call to call, and one that was just loaded gives the first answer again",
  "Reset the state in the handler before each request or stream, or make it an input and an output of forward; " +
    "batched requests and workers must not share it.",
] as const;

export const nondeterministic: Check = {
  id: "model/nondeterministic",
  title: "The same input gives the same output",
  severity: "warning",
  why: "The same request would get different answers: dropout left on, a random operator in the graph, or state that the model keeps from call to call.",
  remedy: "Call model.eval() before exporting; remove random operators.",
  runsModel: true,
  // Without an operator that draws random numbers (graph/random-operator.ts) one run is enough to know.
  async *run(subject) {
    const run = await subject.modelRun();
    if (run.stage !== "done") return notApplicable;
    const [cause, remedy] = run.stateful ? kept : [null, null];
    for (const { name, difference } of run.unstable) {
      const differs = `${name} differs by up to ${difference.toPrecision(3)} between two runs on one input`;
      yield {
        message: cause === null ? differs : `${differs}: ${cause}`,
        at: null,
        ...(remedy === null ? {} : { remedy }),
      };
    }
  },
};
