import type { Check } from "../check.ts";
import { dangerousGlobal } from "./dangerous-global.ts";
import { frameworkClass } from "./framework-class.ts";
import { pickleMalformed } from "./malformed.ts";
import { torchArchive } from "./torch-archive.ts";
import { unknownClass } from "./unknown-class.ts";
import { unscanned } from "./unscanned.ts";
import { pickleUnscannable } from "./unscannable.ts";
import { weightsOnly } from "./weights-only.ts";
import { wrongSuffix } from "./wrong-suffix.ts";

export const pickleChecks: readonly Check[] = [
  dangerousGlobal,
  pickleMalformed,
  pickleUnscannable,
  torchArchive,
  wrongSuffix,
  unknownClass,
  frameworkClass,
  unscanned,
  weightsOnly,
];
