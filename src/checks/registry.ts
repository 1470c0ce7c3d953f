import type { Check } from "./check.ts";
import { archiveChecks } from "./archive/index.ts";
import { attestationChecks } from "./attestation/index.ts";
import { configChecks } from "./config/index.ts";
import { handlerChecks } from "./handler/index.ts";
import { labelsChecks } from "./labels/index.ts";
import { manifestChecks } from "./manifest/index.ts";
import { modelChecks } from "./model/index.ts";
import { onnxChecks } from "./onnx/index.ts";
import { pickleChecks } from "./pickle/index.ts";
import { requirementsChecks } from "./requirements/index.ts";
import { residencyChecks } from "./residency/index.ts";
import { sampleChecks } from "./sample/index.ts";
import { safetensorsChecks } from "./safetensors/index.ts";
import { serveContainerChecks } from "./serve-container/index.ts";
import { serveChecks } from "./serve/index.ts";
import { signatureChecks } from "./signature/index.ts";
import { torchscriptChecks } from "./torchscript/index.ts";

/** Every check there is, in the order of the report: from the container inwards, the run last. */
export const checks: readonly Check[] = [
  ...archiveChecks,
  ...signatureChecks,
  ...attestationChecks,
  ...serveContainerChecks,
  ...manifestChecks,
  ...handlerChecks,
  ...configChecks,
  ...requirementsChecks,
  ...serveChecks,
  ...residencyChecks,
  ...pickleChecks,
  ...safetensorsChecks,
  ...onnxChecks,
  ...torchscriptChecks,
  ...modelChecks,
  ...sampleChecks,
  ...labelsChecks,
];
