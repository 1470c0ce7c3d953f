import type { Check } from "../check.ts";

export const serveChecks: readonly Check[] = [];
