import type { Container } from "../../archive/archive.ts";
import type { Check } from "../check.ts";
import { notApplicable, skipped } from "../check.ts";

/** A check that reports what the container's reader noticed. */
export interface AnomalyRule extends Omit<Check, "run"> {
  /** Where the question makes sense; left out: everywhere. */
  readonly containers?: readonly Container[];
  /** Whether the answer needs every byte of the entries. */
  readonly content?: true;
}

export function anomalyCheck({ containers, content, ...check }: AnomalyRule): Check {
  return {
    ...check,
    async *run({ archive, options }) {
      const own = archive.anomalies.filter(({ rule }) => rule === check.id);
      for (const { message, at } of own) yield { message, at };
      if (own.length > 0) return;
      if (containers?.includes(archive.container) === false) return notApplicable;
      if (archive.partial !== undefined) return skipped(archive.partial);
      if (content === undefined) return;
      if (!options.digests) return skipped("--no-digests");
      const { anomalies, refused } = await archive.digests();
      if (refused !== null) return skipped(refused);
      for (const { rule, message, at } of anomalies) if (rule === check.id) yield { message, at };
    },
  };
}
