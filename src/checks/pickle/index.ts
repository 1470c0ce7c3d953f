import type { Check } from "../check.ts";

export const pickleChecks: readonly Check[] = [];
