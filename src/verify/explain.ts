import type { Check } from "../checks/check.ts";
import { ArchiverError } from "../errors.ts";

/** The check of this id, a family's checks for `family` or `family/*`, every check without an id. Throws `usage`. */
export function explain(checks: readonly Check[], id: string | undefined): readonly Check[] {
  if (id === undefined) return checks;
  const family = id.replace(/\/\*?$/, "");
  const found = checks.filter((check) => check.id === id || check.id.startsWith(`${family}/`));
  if (found.length > 0) return found;
  const near = nearest(id, checks);
  throw new ArchiverError("usage", `There is no check ${id}.`, {
    remedy: near ? `Did you mean ${near}? model-archiver explain lists all.` : "model-archiver explain lists all.",
  });
}

function nearest(id: string, checks: readonly Check[]): string | null {
  const scored = checks.map((check) => ({ id: check.id, distance: editDistance(id, check.id) }));
  const [best] = scored.toSorted((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(3, id.length / 3) ? best.id : null;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const change = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
