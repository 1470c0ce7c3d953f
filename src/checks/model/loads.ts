import { type Check, skipped } from "../check.ts";

export const loads: Check = {
  id: "model/loads",
  title: "Model loads",
  severity: "error",
  why: "A model that does not load keeps the worker from starting; TorchServe restarts it for ever.",
  remedy: "Export the model again and check the file before packing it.",
  runsModel: true,
  async *run(subject) {
    const run = await subject.modelRun();
    if (run.stage === "skipped" && !run.loaded) return skipped(run.reason);
    if (run.stage === "load") yield run.failure;
  },
};
