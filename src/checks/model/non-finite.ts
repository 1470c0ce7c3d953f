import { type Check, notApplicable } from "../check.ts";
import { elementCount } from "../../graph/dtype.ts";

export const nonFinite: Check = {
  id: "model/non-finite",
  title: "Outputs are finite",
  severity: "error",
  why: "NaN or infinity in the output means broken weights or an overflow; every answer would be useless.",
  remedy: "Look for a division by zero, a logarithm of zero, or float16 overflow in the model or its export.",
  runsModel: true,
  async *run(subject) {
    const run = await subject.modelRun();
    if (run.stage !== "done") return notApplicable;
    for (const { name, shape, nonFinite: count } of run.inference.outputs) {
      if (count > 0) {
        yield { message: `${count} of ${elementCount(shape)} values of ${name} are NaN or infinite`, at: null };
      }
    }
  },
};
