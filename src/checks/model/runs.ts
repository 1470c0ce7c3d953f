import { type Check, skipped } from "../check.ts";
import { loads } from "./loads.ts";

export const runs: Check = {
  id: "model/runs",
  title: "Model runs a dummy input",
  severity: "error",
  why: "A model that loads and cannot run answers every prediction with an error.",
  remedy: "Export the model again, with an example input like those it will get.",
  runsModel: true,
  async *run(subject) {
    const run = await subject.modelRun();
    if (run.stage === "skipped") {
      yield* run.advice;
      return skipped(run.reason);
    }
    if (run.stage === "load") return skipped(`after ${loads.id}`);
    if (run.stage === "run") yield run.failure;
  },
};
