import { versionProblems } from "../../model/onnx/engine-limits.ts";
import type { Check } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { inEachOnnx } from "./onnx-files.ts";

export const onnxNewerThanEngine: Check = {
  id: "onnx/newer-than-engine",
  title: "ONNX Runtime knows the IR version and operator sets",
  severity: "error",
  why: "An engine refuses models of versions that came after it.",
  remedy: "Export with an older opset (17 to 20 run everywhere), or convert with onnx.version_converter.",
  after: [onnxMalformed],
  run: (subject) => inEachOnnx(subject, versionProblems),
};
