import type { Check } from "../check.ts";
import { expectedLabel } from "./expected-label.ts";
import { sampleMoved } from "./moved.ts";
import { sampleRuns } from "./sample-runs.ts";

export const sampleChecks: readonly Check[] = [sampleRuns, expectedLabel, sampleMoved];
