import type { Check } from "../check.ts";
import { foreignSource } from "./foreign-source.ts";
import { requirementsInvalid } from "./invalid.ts";
import { localPath } from "./local-path.ts";
import { notInstalled } from "./not-installed.ts";
import { unpinned } from "./unpinned.ts";

export const requirementsChecks: readonly Check[] = [
  requirementsInvalid,
  foreignSource,
  localPath,
  unpinned,
  notInstalled,
];
