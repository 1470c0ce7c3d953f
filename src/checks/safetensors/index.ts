import type { Check } from "../check.ts";
import { safetensorsHeader } from "./header.ts";

export const safetensorsChecks: readonly Check[] = [safetensorsHeader];
