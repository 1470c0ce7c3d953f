import type { JudgedLimit } from "../bench/slo.ts";
import { formatCount, formatDuration, formatSize } from "./text.ts";

/** Three figures that count: 0.412, 8.31, 61.2, 1,240. */
export function short(value: number): string {
  if (value >= 100) return formatCount(Math.round(value));
  return Number(value.toPrecision(3)).toString();
}

/** A limit or a figure with its unit. */
export function valueText(value: number, unit: JudgedLimit["unit"]): string {
  if (unit === "ms") return value < 1000 ? `${short(value)} ms` : formatDuration(value);
  return unit === "B" ? formatSize(value) : `${short(value)}/s`;
}

type LimitRow = Pick<JudgedLimit, "unit" | "measured" | "limit"> & { readonly metric: string };

/** `p99 61 ms ≤ 200 ms`. */
export function limitText({ metric, unit, measured, limit }: LimitRow): string {
  const value = measured === null ? "?" : valueText(measured, unit);
  const least = metric === "rps";
  const within = measured !== null && (least ? measured >= limit : measured <= limit);
  const sign = least ? (within ? "≥" : "<") : within ? "≤" : ">";
  return `${metric} ${value} ${sign} ${valueText(limit, unit)}`;
}
