import type { Check } from "../check.ts";
import { fileMissing } from "./file-missing.ts";
import { manifestInvalid, manifestQuestionable } from "./invalid.ts";
import { manifestMissing } from "./missing.ts";
import { unsafeName } from "./unsafe-name.ts";

export const manifestChecks: readonly Check[] = [
  manifestMissing,
  manifestInvalid,
  unsafeName,
  fileMissing,
  manifestQuestionable,
];
