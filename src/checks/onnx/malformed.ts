import { MalformedModel } from "../../model/malformed.ts";
import { onnxSignature } from "../../model/onnx/signature.ts";
import { type Check, notApplicable } from "../check.ts";
import { onnxFiles } from "./onnx-files.ts";

export const onnxMalformed: Check = {
  id: "onnx/malformed",
  title: "ONNX files are whole and well-formed",
  severity: "error",
  why: "A file that was cut off or damaged does not load.",
  remedy: "Export the model again, and compare sizes after copying.",
  async *run(subject) {
    const files = await onnxFiles(subject);
    if (files.length === 0) return notApplicable;
    for (const { entry, ...file } of files) {
      if (file.model === null) {
        yield { message: file.problem, at: entry.path };
        continue;
      }
      try {
        onnxSignature(file.model);
      } catch (error) {
        if (!(error instanceof MalformedModel)) throw error;
        yield { message: error.message, at: entry.path };
      }
    }
    return undefined;
  },
};
