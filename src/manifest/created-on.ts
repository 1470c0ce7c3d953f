import { createdOnPattern } from "./fields.ts";

/** `dd/mm/YYYY HH:MM:SS` in UTC, Python's `%d/%m/%Y %H:%M:%S`. Throws RangeError for a date that is none. */
export function formatCreatedOn(date: Date): string {
  const [day, time] = date.toISOString().split("T");
  const [year, month, dayOfMonth] = (day ?? "").split("-");
  return `${dayOfMonth}/${month}/${year} ${(time ?? "").slice(0, 8)}`;
}

/** The moment, read as UTC; null when the text is no such date (`31/02/2026` is none). */
export function parseCreatedOn(text: string): Date | null {
  const match = createdOnPattern.exec(text);
  if (match === null) return null;
  const [, day, month, year, hour, minute, second] = match;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // Date rolls 31 February over to March; what does not print back is no date.
  return Number.isNaN(date.getTime()) || formatCreatedOn(date) !== text ? null : date;
}
