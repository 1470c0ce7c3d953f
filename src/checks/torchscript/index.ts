import type { Check } from "../check.ts";
import { deviceBakedIn } from "./device-baked-in.ts";
import { fixedBatch } from "./fixed-batch.ts";
import { malformed } from "./malformed.ts";
import { newerThanServer } from "./newer-than-server.ts";
import { trainingMode } from "./training-mode.ts";
import { unsupportedOperator } from "./unsupported-operator.ts";

export const torchscriptChecks: readonly Check[] = [
  malformed,
  trainingMode,
  deviceBakedIn,
  newerThanServer,
  unsupportedOperator,
  fixedBatch,
];
