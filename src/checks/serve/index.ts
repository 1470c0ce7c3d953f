import type { Check } from "../check.ts";
import { labelsShort, labelsShortRun } from "../labels/class-count.ts";
import { mustBeEscaped, unaddressable } from "./address.ts";
import { baseHandler } from "./base-handler.ts";
import { emptyModel } from "./empty-model.ts";
import { fewClasses } from "./few-classes.ts";
import { handlerFiles } from "./handler-files.ts";
import { modelFile } from "./model-file.ts";
import { onnxBuiltinHandler } from "./onnx-builtin-handler.ts";
import { runtimeDepends } from "./runtime.ts";
import { serializedFile } from "./serialized-file.ts";

export const serveChecks: readonly Check[] = [
  unaddressable,
  mustBeEscaped,
  runtimeDepends,
  emptyModel,
  serializedFile,
  modelFile,
  onnxBuiltinHandler,
  baseHandler,
  handlerFiles,
  fewClasses,
  labelsShort,
  labelsShortRun,
];
