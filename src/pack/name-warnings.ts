import { collisionKey, nameAnomalies } from "../archive/entry-path.ts";

/** Names that torch-model-archiver packs without a word, and that verify refuses: not every system can unpack them. */
export function nameWarnings(paths: readonly string[]): string[] {
  const warnings: string[] = [];
  const seen = new Map<string, string>();
  for (const path of paths) {
    for (const { rule, message } of nameAnomalies(path))
      warnings.push(`${path}: ${message} verify will refuse it (${rule})`);
    const key = collisionKey(path);
    const other = seen.get(key);
    if (other === undefined) seen.set(key, path);
    else
      warnings.push(
        `${other} and ${path} are one file where case or Unicode composition is ignored; verify will refuse them`,
      );
  }
  return warnings;
}
