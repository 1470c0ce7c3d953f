import type { Check } from "../check.ts";

export const onnxChecks: readonly Check[] = [];
