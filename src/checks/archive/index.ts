import type { Check } from "../check.ts";

export const archiveChecks: readonly Check[] = [];
