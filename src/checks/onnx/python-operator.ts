import { customOperators } from "../../model/onnx/engine-limits.ts";
import type { Check } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { inEachOnnx } from "./onnx-files.ts";

/** onnxruntime-extensions: operators that call back into Python. */
const pythonOperator = /^Py(?:Op|CustomOp|thonOp)/;

export const onnxPythonOperator: Check = {
  id: "onnx/python-operator",
  title: "ONNX operators call no Python",
  severity: "error",
  why: "Such an operator runs Python code while the model runs.",
  remedy: "Export the model without it.",
  after: [onnxMalformed],
  run: (subject) =>
    inEachOnnx(subject, function* (model) {
      for (const [domain, operators] of customOperators(model)) {
        const python = [...operators].filter((name) => pythonOperator.test(name));
        if (python.length > 0) yield `Operator ${python.join(", ")} of ${domain}`;
      }
    }),
};
