import { relative, resolve } from "node:path";
import { stringify } from "yaml";
import { packageFile } from "../package-file.ts";
import { specFile } from "../spec/find-spec.ts";
import type { Guess, GuessedKey } from "./guess.ts";

const modelKeys = ["name", "version", "serialized-file", "model-file", "convert"] as const;

/** The text of a spec file: every guess with its reason, and what else can be said, as comments. */
export function specText(guesses: readonly Guess[], samples: readonly string[], folder: string): string {
  const of = (key: GuessedKey): readonly Guess[] => guesses.filter((guess) => guess.key === key);
  const line = (key: GuessedKey, name: string): string[] =>
    of(key).map(({ value, reason }) => `${name}: ${scalar(value)} # ${comment(reason)}`);
  const extra = of("extra-files").map(({ value, reason }) => `  - ${scalar(value)} # ${comment(reason)}`);
  const name = of("model.name")[0]?.value ?? "model";
  const lines = [
    `# yaml-language-server: $schema=${schemaPath(folder)}`,
    `# ${specFile}: how this model is packed, proven and shipped. Paths are relative to this file; flags override it.`,
    "",
    "model:",
    ...modelKeys.flatMap((key) => line(`model.${key}`, `  ${key}`)),
    ...line("handler", "handler"),
    ...(extra.length > 0 ? ["extra-files:", ...extra] : []),
    ...line("requirements-file", "requirements-file"),
    ...line("config-file", "config-file"),
    "",
    "# Examples that archive runs and records; every later verify runs them again.",
    "# samples:",
    ...(samples.length > 0 ? samples : ["example.jpg"]).map((file) => `#   - {file: ${scalar(file)}, expect: LABEL}`),
    "# Limits that verify holds the archive against, and where data may go.",
    "# slo: {p99: 200ms, rss: 1GB}",
    "# residency: eu",
    "# signing: {key: release.pem, public-key: release.pem.pub}",
    `# registry: {reference: "oci://registry.example.org/models/${name.toLowerCase()}"}`,
  ];
  return `${lines.join("\n")}\n`;
}

const scalar = (value: string): string => stringify(value, { lineWidth: 0 }).trimEnd();
const comment = (text: string): string => text.replaceAll(/\s+/g, " ");

/** Relative where the package is installed below or above the folder, so that it holds for everybody who installs it. */
function schemaPath(folder: string): string {
  const file = packageFile("schema/model-archiver.schema.json");
  const modules = /^(.*?)[/\\]node_modules[/\\]/.exec(file)?.[1];
  const shared = modules !== undefined && !relative(modules, resolve(folder)).startsWith("..");
  return (shared ? relative(resolve(folder), file) : file).replaceAll("\\", "/");
}
