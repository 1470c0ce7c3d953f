import type { Check } from "../check.ts";

export const torchscriptChecks: readonly Check[] = [];
