import type { Check } from "../check.ts";
import { attestationMismatch } from "./mismatch.ts";
import { attestationMissing } from "./missing.ts";

export const attestationChecks: readonly Check[] = [attestationMissing, attestationMismatch];
