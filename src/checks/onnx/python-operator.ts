import { customOperators } from "../../model/onnx/engine-limits.ts";
import { type Check, notApplicable } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { readableOnnx } from "./onnx-files.ts";

/** onnxruntime-extensions: operators that call back into Python. */
const pythonOperator = /^Py(?:Op|CustomOp|thonOp)/;

export const onnxPythonOperator: Check = {
  id: "onnx/python-operator",
  title: "ONNX operators call no Python",
  severity: "error",
  why: "Such an operator runs Python code while the model runs.",
  remedy: "Export the model without it.",
  after: [onnxMalformed],
  async *run(subject) {
    const files = await readableOnnx(subject);
    if (files.length === 0) return notApplicable;
    for (const { entry, model } of files) {
      for (const [domain, operators] of customOperators(model)) {
        const python = [...operators].filter((name) => pythonOperator.test(name));
        if (python.length > 0) yield { message: `Operator ${python.join(", ")} of ${domain}`, at: entry.path };
      }
    }
    return undefined;
  },
};
