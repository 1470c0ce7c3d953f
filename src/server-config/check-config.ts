import { checkModelConfig } from "./check-model-config.ts";
import { checkCompose } from "./check-compose.ts";
import { checkKserve } from "./check-kserve.ts";
import { checkProperties } from "./check-properties.ts";
import { checkSystemdUnit } from "./check-systemd.ts";
import type { ConfigFinding } from "./config-finding.ts";

export type ConfigKind = "config.properties" | "model-config.yaml" | "compose" | "systemd" | "kserve";

const checkers: Readonly<Record<ConfigKind, (text: string) => ConfigFinding[]>> = {
  "config.properties": checkProperties,
  "model-config.yaml": (text) => checkModelConfig(text),
  compose: checkCompose,
  systemd: checkSystemdUnit,
  kserve: checkKserve,
};

/** What a configuration file is, told by its content; the name decides only between two readings. Null: none we know. */
export function configKind(text: string, fileName: string): ConfigKind | null {
  if (text.startsWith("#!")) return null;
  if (/^\s*kind:\s*InferenceService\b/m.test(text)) return "kserve";
  if (/^services:/m.test(text)) return "compose";
  if (/^\[(Unit|Service)\]/m.test(text)) return "systemd";
  if (/\.ya?ml$/i.test(fileName)) return "model-config.yaml";
  if (/\.properties$/i.test(fileName)) return "config.properties";
  return /^\s*[\w.]+\s*=/m.test(text) ? "config.properties" : /^\s*\w+:/m.test(text) ? "model-config.yaml" : null;
}

/** Findings in the order of their lines. */
export function checkConfig(text: string, kind: ConfigKind): ConfigFinding[] {
  return checkers[kind](text);
}
