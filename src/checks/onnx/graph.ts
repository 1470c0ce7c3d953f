import { MalformedModel } from "../../model/malformed.ts";
import { graphProblems } from "../../model/onnx/graph-problems.ts";
import { type Check, notApplicable } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { readableOnnx } from "./onnx-files.ts";

export const onnxGraph: Check = {
  id: "onnx/graph",
  title: "ONNX graphs have every value made once, before it is used",
  severity: "error",
  why: "Engines refuse a graph with missing values, cycles or functions that call themselves.",
  remedy: "Export the model again; check it with onnx.checker.check_model.",
  after: [onnxMalformed],
  async *run(subject) {
    const files = await readableOnnx(subject);
    if (files.length === 0) return notApplicable;
    for (const { entry, model } of files) {
      try {
        for (const message of graphProblems(model)) yield { message, at: entry.path };
      } catch (error) {
        if (!(error instanceof MalformedModel)) throw error;
        yield { message: error.message, at: entry.path };
      }
    }
    return undefined;
  },
};
