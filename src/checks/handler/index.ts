import type { Check } from "../check.ts";

export const handlerChecks: readonly Check[] = [];
