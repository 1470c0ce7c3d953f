import type { Check } from "../check.ts";
import { configInvalid, configUnknownKey, configWrongValue } from "./keys.ts";

export const configChecks: readonly Check[] = [configInvalid, configUnknownKey, configWrongValue];
