import { ArchiverError } from "../errors.ts";

/** Node's timers cannot wait longer than 24 days; what is added to a limit must fit as well. */
const longest = 2_000_000_000;

/** A number, 0 or more. Throws ArchiverError `usage`. */
export function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new ArchiverError("usage", `${option} ${text}: a number, 0 or more`);
}

/** A whole number of at least `least`. Throws ArchiverError `usage`. */
export function countOf(option: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = numberOf(option, text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  throw new ArchiverError("usage", `${option} ${text}: a whole number, ${range}`);
}

/** Seconds, in milliseconds that a timer can wait. Throws ArchiverError `usage`. */
export function millisecondsOf(option: string, text: string): number {
  const value = numberOf(option, text) * 1000;
  if (value > 0) return Math.min(value, longest);
  throw new ArchiverError("usage", `${option} ${text}: seconds, more than 0`);
}
