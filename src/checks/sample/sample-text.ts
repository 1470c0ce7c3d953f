import type { TopLabel } from "../../sample/top-labels.ts";

/** `espresso 95.3 %`; the class's number where it has no name. */
export function labelText({ index, label, probability }: TopLabel): string {
  return `${label ?? `class ${index}`} ${(probability * 100).toFixed(1)} %`;
}
