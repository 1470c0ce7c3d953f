import type { Check } from "../check.ts";
import { signatureMismatch } from "./mismatch.ts";
import { signatureMissing } from "./missing.ts";

export const signatureChecks: readonly Check[] = [signatureMissing, signatureMismatch];
