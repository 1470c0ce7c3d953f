import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { diskFailure } from "../archive/disk.ts";
import { ArchiverError } from "../errors.ts";

/** What was measured of a model, and in what. */
export interface Measured {
  readonly engine: string;
  readonly metrics: readonly Metric[];
}

interface Metric {
  readonly type: string;
  readonly milliseconds: number;
  /** 95 % confidence, where there is one. */
  readonly interval: { readonly low: number; readonly high: number } | null;
}

/**
 * The times in a document of `verify --json` or `bench --json`; of several archives those of the one called like
 * `location`. Throws ArchiverError `usage` where there are none.
 */
export async function measuredIn(path: string, location: string): Promise<Measured> {
  const text = await readFile(path, "utf8").catch((error: unknown) => Promise.reject(diskFailure(error, path)));
  const document = record(parse(text));
  const rows = [document["reports"], document["results"]].flatMap((list) => (Array.isArray(list) ? list : []));
  const called = (row: unknown): boolean => basename(String(record(row)["path"])) === basename(location);
  const row = rows.find(called) ?? (rows.length === 1 ? rows[0] : undefined);
  const measured = row === undefined ? null : (verified(record(row)) ?? benched(record(row)));
  if (measured !== null) return measured;
  throw new ArchiverError("usage", `${path} holds no times of ${basename(location)} by verify --json or bench --json`);
}

type Fields = Readonly<Record<string, unknown>>;

function verified(report: Fields): Measured | null {
  const inference = record(report["inference"]);
  return measuredBy(inference["engine"], [
    ["load time", inference["loadMs"]],
    ["first run", inference["runMs"]],
  ]);
}

function benched(result: Fields): Measured | null {
  const latency = record(result["latency"]);
  return measuredBy(result["engine"], [
    ["cold start", result["coldStartMs"]],
    ["load time", result["loadMs"]],
    ["latency p50", latency["p50"]],
    ["latency p99", latency["p99"], latency["p99Interval"]],
  ]);
}

function measuredBy(
  engine: unknown,
  rows: readonly (readonly [type: string, milliseconds: unknown, interval?: unknown])[],
): Measured | null {
  const metrics: Metric[] = [];
  for (const [type, milliseconds, interval] of rows) {
    if (typeof milliseconds !== "number") return null;
    const { low, high } = record(interval);
    const bounds = typeof low === "number" && typeof high === "number" ? { low, high } : null;
    metrics.push({ type, milliseconds, interval: bounds });
  }
  return typeof engine === "string" ? { engine, metrics } : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function record(value: unknown): Fields {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
