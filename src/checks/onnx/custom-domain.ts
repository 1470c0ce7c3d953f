import { customOperators } from "../../model/onnx/engine-limits.ts";
import type { Check } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { inEachOnnx } from "./onnx-files.ts";

export const onnxCustomDomain: Check = {
  id: "onnx/custom-domain",
  title: "ONNX operators are those of ONNX Runtime",
  severity: "warning",
  why: "Operators of other domains need a native library that the server must load: code that nobody checked here.",
  remedy: "Export without custom operators, or have the handler register the library and test it on the server.",
  after: [onnxMalformed],
  run: (subject) =>
    inEachOnnx(subject, function* (model) {
      for (const [domain, operators] of customOperators(model)) {
        yield `Domain ${domain} with ${[...operators].slice(0, 8).join(", ")}`;
      }
    }),
};
