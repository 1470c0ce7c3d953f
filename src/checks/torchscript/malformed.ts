import { MalformedModel } from "../../model/malformed.ts";
import { LoweringError } from "../../torchscript/lowering-error.ts";
import { type Check, notApplicable, skipped } from "../check.ts";
import { torchProgram } from "./torch-program.ts";

export const malformed: Check = {
  id: "torchscript/malformed",
  title: "PyTorch program can be read",
  severity: "error",
  why: "torch.jit.load and torch.export.load refuse a file whose records, pickles or code are broken.",
  remedy: "Save the model again; a copy that was cut off or edited cannot be mended.",
  async *run(subject) {
    const program = await torchProgram(subject);
    if (program === null) return notApplicable;
    if (program.kind !== "broken") return;
    const { error, entry } = program;
    if (error instanceof MalformedModel || (error instanceof LoweringError && error.fault === "invalid")) {
      yield { message: error.message, at: entry };
      return;
    }
    if (error instanceof LoweringError) return skipped(error.message);
    if (error instanceof RangeError)
      yield { message: "a record of the file is cut off or nested too deeply", at: entry };
    else throw error;
  },
};
