import { customOperators } from "../../model/onnx/engine-limits.ts";
import { type Check, notApplicable } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { readableOnnx } from "./onnx-files.ts";

export const onnxCustomDomain: Check = {
  id: "onnx/custom-domain",
  title: "ONNX operators are those of ONNX Runtime",
  severity: "warning",
  why: "Operators of other domains need a native library that the server must load: code that nobody checked here.",
  remedy: "Export without custom operators, or have the handler register the library and test it on the server.",
  after: [onnxMalformed],
  async *run(subject) {
    const files = await readableOnnx(subject);
    if (files.length === 0) return notApplicable;
    for (const { entry, model } of files) {
      for (const [domain, operators] of customOperators(model)) {
        yield { message: `Domain ${domain} with ${[...operators].slice(0, 8).join(", ")}`, at: entry.path };
      }
    }
    return undefined;
  },
};
