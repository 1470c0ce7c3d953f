import type { Check } from "../check.ts";
import { labelsCount, labelsCountRun } from "./class-count.ts";
import { labelsInvalid } from "./invalid.ts";
import { labelsNotIndices } from "./not-indices.ts";

export const labelsChecks: readonly Check[] = [labelsInvalid, labelsNotIndices, labelsCount, labelsCountRun];
