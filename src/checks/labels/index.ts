import type { Check } from "../check.ts";

export const labelsChecks: readonly Check[] = [];
