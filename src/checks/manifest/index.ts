import type { Check } from "../check.ts";

export const manifestChecks: readonly Check[] = [];
