import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const src = resolve(import.meta.dirname, "../../../src");

/** What each folder may import, besides itself and errors.ts. ARCHITECTURE.md says why. */
const layers: Readonly<Record<string, readonly string[]>> = {
  manifest: [],
  archive: [],
  graph: ["archive"],
  model: ["archive", "graph", "manifest"],
  python: [],
  residency: ["archive", "package-file.ts", "python"],
  torchscript: ["archive", "graph", "model", "runtime"],
  runtime: ["archive", "graph", "model", "package-file.ts"],
  sample: ["archive", "graph", "runtime"],
  sign: ["archive", "manifest"],
  checks: [
    "archive",
    "graph",
    "manifest",
    "model",
    "python",
    "residency",
    "runtime",
    "sample",
    "server-config",
    "sign",
    "torchscript",
    "torchserve",
  ],
  torchserve: ["archive", "package-file.ts", "runtime"],
  oci: ["archive", "inspect", "manifest", "sign", "verify"],
  tensors: ["archive", "graph", "model", "torchscript"],
  "server-config": [],
  machine: [],
  init: ["archive", "bom", "checks", "format-size.ts", "graph", "manifest", "model", "pack", "package-file.ts", "spec"],
  bench: ["archive", "checks", "machine", "model", "pack", "runtime", "sample", "torchserve"],
  spec: ["archive", "bench", "manifest", "pack", "server-config"],
};

function imports(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map((match) => resolve(dirname(file), match[1] ?? ""));
}

const folderOf = (file: string) => relative(src, file).split("/")[0] ?? "";

function allowed(from: string, to: string): boolean {
  if (from === to || to === "errors.ts" || from === "index.ts") return true;
  const row = layers[from];
  if (row !== undefined) return row.includes(to);
  if (from === "cli") return true;
  return to !== "cli" && (from === "report" || to !== "report");
}

test("imports point one way, from the command line down to the errors", () => {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const wrong = files.flatMap((file) =>
    imports(join(src, file))
      .filter((target) => !allowed(folderOf(join(src, file)), folderOf(target)))
      .map((target) => `${file} imports ${relative(src, target)}`),
  );
  expect(wrong).toEqual([]);
});

test("the manifest library is pure", () => {
  const files = readdirSync(join(src, "manifest")).map((file) => join(src, "manifest", file));
  expect(files.filter((file) => /from "node:/.test(readFileSync(file, "utf8")))).toEqual([]);
});

test("one file imports onnxruntime-node", () => {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const importers = files.filter((file) =>
    /(?:from|import\(|require\(|resolve\()\s*["']onnxruntime-node/.test(readFileSync(join(src, file), "utf8")),
  );
  expect(importers.length).toBeLessThanOrEqual(1);
});

test("no folder is named after nothing", () => {
  const folders = readdirSync(src, { recursive: true, withFileTypes: true }).filter((item) => item.isDirectory());
  const vague = new Set(["utils", "common", "helpers", "types", "services", "misc", "shared"]);
  expect(folders.map((item) => item.name).filter((name) => vague.has(name))).toEqual([]);
});
