import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { translated } from "../archive/file-source.ts";
import { ArchiverError } from "../errors.ts";
import type { Waiver } from "./exceptions.ts";

/** Looked for in the working directory, where a repository keeps it; never inside of an archive. */
export const policyFile = ".model-archiver-policy.yaml";

/** What a team has decided to live with. */
export interface Policy {
  readonly exceptions: readonly Waiver[];
  readonly allowGlobals: readonly string[];
  readonly strict: boolean;
}

export const noPolicy: Policy = { exceptions: [], allowGlobals: [], strict: false };

/**
 * Reads the policy file: `path`, or the one of the working directory when there is one. An exception past its `until`
 * no longer counts. Throws ArchiverError `usage` for a file that says something else than it can mean.
 */
export async function readPolicy(path: string | undefined, cwd: string, today: string): Promise<Policy> {
  const name = path ?? policyFile;
  let text: string;
  try {
    text = await readFile(resolve(cwd, name), "utf8");
  } catch (error) {
    if (path === undefined && error instanceof Error && "code" in error && error.code === "ENOENT") return noPolicy;
    throw translated(error, name);
  }
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw wrong(name, error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
  return policyOf(value ?? {}, name, today);
}

function policyOf(value: unknown, name: string, today: string): Policy {
  const { ignore = [], "allow-globals": globals = [], strict = false, ...rest } = objectOf(value, name, "the file");
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrong(name, `unknown key ${unknown}; known are ignore, allow-globals, strict`);
  if (typeof strict !== "boolean") throw wrong(name, "strict is true or false");
  return {
    exceptions: listOf(ignore, name, "ignore").flatMap((item, i) => waiverOf(item, name, `ignore[${i}]`, today)),
    allowGlobals: listOf(globals, name, "allow-globals").map((item) => textOf(item, name, "allow-globals") ?? ""),
    strict,
  };
}

function waiverOf(value: unknown, name: string, place: string, today: string): Waiver[] {
  const item = typeof value === "string" ? { check: value } : objectOf(value, name, place);
  const { check, at, reason, until, ...rest } = item as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrong(name, `unknown key ${place}.${unknown}; known are check, at, reason, until`);
  const rule = textOf(check, name, `${place}.check`);
  if (rule === null) throw wrong(name, `${place}.check is missing: the id of a check`);
  const end = textOf(until, name, `${place}.until`);
  if (end !== null && !/^\d{4}-\d\d-\d\d$/.test(end)) throw wrong(name, `${place}.until is a day such as 2027-01-31`);
  if (end !== null && end < today) return [];
  return [{ rule, at: textOf(at, name, `${place}.at`), source: name, reason: textOf(reason, name, `${place}.reason`) }];
}

function objectOf(value: unknown, name: string, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(name, `${place} is no mapping`);
  return Object.fromEntries(Object.entries(value));
}

function listOf(value: unknown, name: string, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(name, `${place} is no list`);
  return value;
}

function textOf(value: unknown, name: string, place: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw wrong(name, `${place} is no text`);
  return value;
}

function wrong(name: string, message: string): ArchiverError {
  return new ArchiverError("usage", `${name}: ${message}`, { remedy: "docs/policy.md shows what the file can say." });
}
