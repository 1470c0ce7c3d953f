import { type Check, notApplicable } from "../check.ts";
import { malformed } from "./malformed.ts";
import { torchProgram } from "./torch-program.ts";

export const unsupportedOperator: Check = {
  id: "torchscript/unsupported-operator",
  title: "Every operator runs on ONNX Runtime",
  severity: "warning",
  why: "A program with an operator that we do not lower cannot be run here, so nothing is proven about it.",
  remedy: "Verify with --engine torch, which runs the program in your own PyTorch.",
  after: [malformed],
  runsModel: true,
  async *run(subject) {
    const program = await torchProgram(subject);
    if (program === null || program.kind === "broken") return notApplicable;
    const run = await subject.modelRun();
    if (run.stage !== "skipped") return;
    for (const [operator, count] of Object.entries(run.missing ?? {})) {
      const times = count === 1 ? "once" : `${count} times`;
      yield { message: `${operator} has no lowering; the program calls it ${times}`, at: program.entry };
    }
  },
};
