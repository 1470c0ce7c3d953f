import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { translated } from "../archive/file-source.ts";
import { ArchiverError } from "../errors.ts";
import { parsePlacedYaml, type PlacedYaml } from "../server-config/yaml-place.ts";
import { nearest } from "./nearest.ts";
import { type Spec, specSchema } from "./spec-schema.ts";

/** A spec file that was read. */
export interface LoadedSpec {
  /** As the user named it. */
  readonly path: string;
  /** Absolute; paths of the spec start here. */
  readonly folder: string;
  readonly value: Spec;
}

/** Bytes; what people write stays below a few thousand. */
const sizeLimit = 1 << 20;

/** Reads and checks a spec file. Throws ArchiverError `bad-spec` with the line and the key of everything wrong. */
export async function readSpec(path: string, cwd: string): Promise<LoadedSpec> {
  const file = resolve(cwd, path);
  const bytes = await readFile(file).catch((error: unknown) => {
    throw translated(error, path);
  });
  if (bytes.length > sizeLimit) throw new ArchiverError("bad-spec", `${path} is over 1 MiB`);
  return { path, folder: dirname(file), value: parseSpec(bytes.toString("utf8"), path) };
}

/** The spec that a text holds. Throws ArchiverError `bad-spec`. */
export function parseSpec(text: string, path: string): Spec {
  const yaml = parsePlacedYaml(text);
  const [value = null, ...more] = yaml.documents;
  const wrong: Problem[] = yaml.errors.map(({ line, column, message }) => ({ line, column, message }));
  if (more.length > 0) wrong.push({ ...yaml.place([], 1), message: "a second document; one file holds one model" });
  const parsed = specSchema.safeParse(value ?? {});
  if (wrong.length === 0 && parsed.success) return parsed.data;
  if (wrong.length === 0) wrong.push(...(parsed.error?.issues ?? []).flatMap((issue) => problemsOf(issue, yaml)));
  const lines = wrong
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, message }) => `${path}:${line}:${column}  ${message}`);
  throw new ArchiverError("bad-spec", lines.join("\n"));
}

interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

type Path = readonly (string | number)[];

function problemsOf(issue: z.core.$ZodIssue, yaml: PlacedYaml): Problem[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ ...yaml.place([...path, key]), message: unknownKey(path, key) }));
  }
  return [
    {
      ...yaml.place(path),
      message: `${nameOf(path)}: ${reason(issue, valueAt(yaml.documents[0], path), yaml.written(path))}`,
    },
  ];
}

/** `samples[0].file`; "the file" for the whole. */
function nameOf(path: Path): string {
  if (path.length === 0) return "the file";
  return path.reduce<string>(
    (name, step) => (typeof step === "number" ? `${name}[${step}]` : name === "" ? step : `${name}.${step}`),
    "",
  );
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === "object" && inner !== null ? new Map(Object.entries(inner)).get(String(step)) : undefined,
    value,
  );
}

function reason(issue: z.core.$ZodIssue, value: unknown, written: string | null): string {
  const given = written ?? JSON.stringify(value) ?? "nothing";
  switch (issue.code) {
    case "invalid_type":
      if (value === undefined) return "missing";
      return wrongType(issue, value, given);
    case "invalid_value":
      return `${given}, expected ${issue.values.map(String).join(", ")}`;
    case "invalid_format":
      return `${given}, expected ${issue.message}`;
    case "too_small":
      return issue.origin === "string" ? "empty" : `${given} is not above ${issue.minimum}`;
    default:
      return issue.message;
  }
}

function wrongType(issue: z.core.$ZodIssueInvalidType, value: unknown, given: string): string {
  const named = kinds[issue.expected] ?? issue.expected;
  // A message of the schema's own says it better.
  const expected = issue.message.startsWith("Invalid input") ? named : issue.message;
  if (value === null) return `nothing is given, expected ${expected}`;
  const scalar = typeof value === "number" || typeof value === "boolean";
  const quotes = expected === kinds["string"] && scalar ? `; write "${given}" in quotes` : "";
  return `${given} is ${kindOf(value)}, expected ${expected}${quotes}`;
}

const kinds: Readonly<Record<string, string>> = {
  string: "text",
  array: "a list",
  object: "keys with values",
  boolean: "true or false",
  number: "a number",
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  const kind = typeof value === "boolean" ? "a truth value" : kinds[typeof value];
  return kind ?? typeof value;
}

function unknownKey(path: Path, key: string): string {
  const siblings = keysAt(path);
  const near = nearest(key, siblings);
  const name = nameOf([...path, key]);
  if (near !== undefined) return `${name}: unknown key, meant ${near}?`;
  const elsewhere = allKeys().find((one) => one.split(".").at(-1) === key);
  if (elsewhere !== undefined) return `${name}: unknown key here, meant ${elsewhere}?`;
  return `${name}: unknown key; known are ${siblings.join(", ")}`;
}

/** The keys that the schema knows at a place. */
function keysAt(path: Path): readonly string[] {
  let schema: unknown = specSchema;
  for (const step of path) {
    const inner = unwrapped(schema);
    if (inner instanceof z.ZodObject) schema = new Map<string, unknown>(Object.entries(inner.shape)).get(String(step));
    else if (inner instanceof z.ZodArray) schema = inner.element;
  }
  const found = unwrapped(schema);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap()) : schema;
}

function allKeys(): readonly string[] {
  const top = keysAt([]);
  return [...top, ...top.flatMap((key) => keysAt([key]).map((inner) => `${key}.${inner}`))];
}
