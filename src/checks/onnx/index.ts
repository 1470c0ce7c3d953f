import type { Check } from "../check.ts";
import { onnxCustomDomain } from "./custom-domain.ts";
import { onnxExternalData } from "./external-data.ts";
import { onnxGraph } from "./graph.ts";
import { onnxMalformed } from "./malformed.ts";
import { onnxNewerThanEngine } from "./newer-than-engine.ts";
import { onnxPythonOperator } from "./python-operator.ts";
import { onnxTensorSize } from "./tensor-size.ts";

export const onnxChecks: readonly Check[] = [
  onnxMalformed,
  onnxExternalData,
  onnxTensorSize,
  onnxGraph,
  onnxNewerThanEngine,
  onnxPythonOperator,
  onnxCustomDomain,
];
