import type { Check } from "../check.ts";

export const configChecks: readonly Check[] = [];
