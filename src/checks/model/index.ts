import type { Check } from "../check.ts";
import { nonFinite } from "./non-finite.ts";
import { loads } from "./loads.ts";
import { nondeterministic } from "./nondeterministic.ts";
import { runs } from "./runs.ts";
import { unknownFormat } from "./unknown-format.ts";

export const modelChecks: readonly Check[] = [unknownFormat, loads, runs, nonFinite, nondeterministic];
