import type { Check } from "../check.ts";

export const requirementsChecks: readonly Check[] = [];
