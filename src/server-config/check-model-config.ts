import { isScalar, LineCounter, parseAllDocuments, visit } from "yaml";
import type { ConfigFinding } from "./config-finding.ts";
import { nearestName } from "./key.ts";
import { type ModelConfigKey, modelConfigKeys, torchrunKeys } from "./model-config-keys.ts";
import { parsePlacedYaml, type PlacedYaml } from "./yaml-place.ts";

export interface ModelConfigOptions {
  /** Keys that the handler reads itself: not unknown. */
  readonly handlerKeys?: (key: string) => boolean;
}

/** Judges a model-config.yaml by TorchServe's keys and types. Never throws; findings in the order of their lines. */
export function checkModelConfig(text: string, options: ModelConfigOptions = {}): ConfigFinding[] {
  const broken = structureTrouble(text);
  if (broken.length > 0) return broken;
  const yaml = parsePlacedYaml(text, { uniqueKeys: false });
  const [root] = yaml.documents;
  if (yaml.errors.length > 0) return yaml.errors.slice(0, 20).map((error) => unparsable(error.message, error));
  if (!isMap(root)) return [unparsable(rootTrouble(root), { line: 1, column: 1 })];
  const findings = [...checkKeys(root, modelConfigKeys, [], yaml, options), ...duplicates(text)];
  const { torchrun } = root;
  if (isMap(torchrun)) findings.push(...checkKeys(torchrun, torchrunKeys, ["torchrun"], yaml, {}));
  const { minWorkers, maxWorkers } = root;
  if (Number.isInteger(minWorkers) && Number.isInteger(maxWorkers) && Number(minWorkers) > Number(maxWorkers)) {
    findings.push({
      rule: "contradiction",
      severity: "warning",
      message: `minWorkers ${Number(minWorkers)} is above maxWorkers ${Number(maxWorkers)}; TorchServe ignores both`,
      remedy: "Set minWorkers to at most maxWorkers.",
      ...yaml.place(["minWorkers"]),
    });
  }
  return findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function unparsable(message: string, place: { readonly line: number; readonly column: number }): ConfigFinding {
  const { line, column } = place;
  const remedy = "Write a map of keys and values, such as `minWorkers: 1`.";
  return { rule: "unparsable", severity: "error", message: message.split("\n")[0] ?? "", remedy, line, column };
}

function rootTrouble(root: unknown): string {
  if (root === undefined || root === null) return 'is empty; registering answers 500: "yamlMap" is null';
  return `is ${Array.isArray(root) ? "a list" : "a single value"} and no map of keys; registering answers 500`;
}

/** What stops a YAML reader before keys matter: tags that make objects, several documents. */
function structureTrouble(text: string): ConfigFinding[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  if (!Array.isArray(documents)) return [unparsable(rootTrouble(null), { line: 1, column: 1 })];
  const found: ConfigFinding[] = [];
  const at = (offset: number) => ({ line: lines.linePos(offset).line, column: lines.linePos(offset).col });
  if (documents.length > 1) {
    found.push(
      unparsable(
        "has more than one document; the worker dies: expected a single document",
        at(documents[1]?.range[0] ?? 0),
      ),
    );
  }
  for (const document of documents.slice(0, 1)) {
    visit(document, {
      Node(_, node) {
        const { tag, range } = node;
        if (
          tag !== undefined &&
          !/^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq|set|omap|timestamp|binary|merge)$/.test(tag)
        ) {
          found.push(
            unparsable(
              `has the tag ${tag}, which makes an object of the reader's language; the worker dies`,
              at(range?.[0] ?? 0),
            ),
          );
        }
      },
    });
  }
  return found.slice(0, 20);
}

/** For Java and Python the last value of a key counts. */
function duplicates(text: string): ConfigFinding[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  return documents.flatMap((document) =>
    document.errors
      .filter((error) => error.code === "DUPLICATE_KEY")
      .map((error) => ({
        rule: "duplicate-key" as const,
        severity: "warning" as const,
        message: "is there twice; the last one counts",
        remedy: "Leave one of them.",
        line: lines.linePos(error.pos[0]).line,
        column: lines.linePos(error.pos[0]).col,
      })),
  );
}

function checkKeys(
  map: Readonly<Record<string, unknown>>,
  keys: Readonly<Record<string, ModelConfigKey>>,
  path: readonly string[],
  yaml: PlacedYaml,
  options: ModelConfigOptions,
): ConfigFinding[] {
  return Object.entries(map).flatMap(([name, value]): ConfigFinding[] => {
    const place = yaml.place([...path, name]);
    const shown = [...path, name].join(".");
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      if (options.handlerKeys?.(name)) return [];
      const near = nearestName(name, Object.keys(keys));
      const message = `${shown} is no key of TorchServe's, which ignores it${near === null ? "" : `; did you mean ${near}`}`;
      const remedy = near === null ? "Remove it, unless the handler reads it." : `Write ${near}.`;
      return [{ rule: "unknown-key", severity: "warning", message, remedy, ...place }];
    }
    const wrong = valueTrouble(key, value);
    if (wrong === null) return [];
    const [rule, message] = wrong;
    return [{ rule, severity: "warning", message: `${shown} ${message}`, remedy: `Correct ${shown}.`, ...place }];
  });
}

type Trouble = readonly ["wrong-type" | "out-of-range", string] | null;

function valueTrouble(key: ModelConfigKey, value: unknown): Trouble {
  const wrong = (what: string): Trouble => [
    "wrong-type",
    `is ${JSON.stringify(value)} and not ${what}; TorchServe ignores it`,
  ];
  switch (key.type) {
    case "int": {
      if (typeof value !== "number" || !Number.isInteger(value)) return wrong("a whole number");
      const least = key.least ?? 0;
      return value < least ? ["out-of-range", `is ${value}; the least that counts is ${least}`] : null;
    }
    case "bool":
      // YAML 1.1, which TorchServe's readers speak, has more words for it.
      return typeof value === "boolean" || /^(?:yes|no|on|off)$/i.test(String(value)) ? null : wrong("true or false");
    case "int-list":
      return Array.isArray(value) && value.every((one) => Number.isInteger(one))
        ? null
        : wrong("a list of whole numbers");
    case "map":
      return isMap(value) ? null : wrong("a map");
    case "string":
      if (typeof value !== "string") return wrong("a text");
      return key.choices && !key.choices.includes(value)
        ? ["out-of-range", `is ${JSON.stringify(value)}, none of ${key.choices.join(", ")}; TorchServe ignores it`]
        : null;
    case "any":
      return null;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isScalar(value);
}
