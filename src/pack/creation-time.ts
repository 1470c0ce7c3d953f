import { ArchiverError } from "../errors.ts";
import type { Source } from "./source.ts";

const zoned = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * The moment that the manifest tells: `--created-on`, else SOURCE_DATE_EPOCH (seconds since 1970,
 * https://reproducible-builds.org/specs/source-date-epoch/), else the newest modification time of the inputs, so that
 * equal inputs give equal bytes. Throws ArchiverError `bad-created-on`.
 */
export function creationTime(
  asked: string | undefined,
  epoch: string | undefined,
  sources: readonly Source[],
  now: () => Date,
): Date {
  if (asked === "now") return now();
  if (asked !== undefined) {
    // Without a zone it is UTC, whatever the machine's.
    const text = asked.includes("T") && !/(Z|[+-]\d{2}:\d{2})$/.test(asked) ? `${asked}Z` : asked;
    const date = new Date(text);
    if (!zoned.test(asked) || !printable(date)) {
      throw new ArchiverError("bad-created-on", `--created-on ${asked} is neither now nor an ISO 8601 date`);
    }
    return date;
  }
  if (epoch !== undefined && epoch !== "") {
    const date = new Date(Number(epoch) * 1000);
    if (!/^\d+$/.test(epoch) || !printable(date)) {
      throw new ArchiverError("bad-created-on", `SOURCE_DATE_EPOCH=${epoch} is no number of seconds`, {
        remedy: "export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)",
      });
    }
    return date;
  }
  const newest = sources.reduce((latest, { modified }) => Math.max(latest, modified ?? 0), 0);
  return newest === 0 ? now() : new Date(newest);
}

/** The manifest's date has four digits for the year. */
function printable(date: Date): boolean {
  return date.getTime() >= 0 && date.getTime() < Date.UTC(10_000, 0);
}
