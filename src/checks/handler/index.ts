import type { Check } from "../check.ts";
import { handlerEntry } from "./entry.ts";
import { entryFunction } from "./entry-function.ts";
import { handlerImports } from "./imports.ts";
import { handlerMethods } from "./methods.ts";
import { handlerMissing } from "./missing.ts";
import { relativeImport } from "./relative-import.ts";
import { runsAtImport } from "./runs-at-import.ts";
import { shadowedName } from "./shadowed-name.ts";
import { handlerSyntax } from "./syntax.ts";

export const handlerChecks: readonly Check[] = [
  handlerMissing,
  shadowedName,
  handlerSyntax,
  handlerEntry,
  entryFunction,
  handlerMethods,
  relativeImport,
  handlerImports,
  runsAtImport,
];
