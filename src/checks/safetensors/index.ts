import type { Check } from "../check.ts";

export const safetensorsChecks: readonly Check[] = [];
