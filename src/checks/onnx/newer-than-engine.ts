import { versionProblems } from "../../model/onnx/engine-limits.ts";
import { type Check, notApplicable } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { readableOnnx } from "./onnx-files.ts";

export const onnxNewerThanEngine: Check = {
  id: "onnx/newer-than-engine",
  title: "ONNX Runtime knows the IR version and operator sets",
  severity: "error",
  why: "An engine refuses models of versions that came after it.",
  remedy: "Export with an older opset (17 to 20 run everywhere), or convert with onnx.version_converter.",
  after: [onnxMalformed],
  async *run(subject) {
    const files = await readableOnnx(subject);
    if (files.length === 0) return notApplicable;
    for (const { entry, model } of files) {
      for (const message of versionProblems(model)) yield { message, at: entry.path };
    }
    return undefined;
  },
};
