import type { ConfigFinding } from "../../server-config/config-finding.ts";
import type { Check, Finding } from "../check.ts";
import { notApplicable, type NoAnswer } from "../check.ts";
import { handlerFile } from "../python/handler-entry.ts";
import { walk } from "../../python/syntax.ts";
import type { Subject } from "../subject.ts";
import { modelConfig } from "./model-config.ts";

export const configInvalid: Check = {
  id: "config/invalid",
  title: "model-config.yaml can be read",
  severity: "error",
  why: "TorchServe answers 500 to an empty file, and the worker dies of one that is no YAML.",
  remedy: "Correct the file at the place named, or leave --config-file away.",
  run: (subject) => findingsOf(subject, (finding) => finding.severity === "error"),
};

export const configUnknownKey: Check = {
  id: "config/unknown-key",
  title: "Keys of model-config.yaml are TorchServe's",
  severity: "warning",
  why: "TorchServe ignores a key that it does not know, so a misspelt limit is no limit.",
  remedy: "Correct the key, or remove it.",
  after: [configInvalid],
  run: (subject) => findingsOf(subject, ({ rule }) => rule === "unknown-key" || rule === "duplicate-key"),
};

export const configWrongValue: Check = {
  id: "config/wrong-value",
  title: "Values of model-config.yaml are what TorchServe takes",
  severity: "warning",
  why: "TorchServe logs a value of the wrong type, ignores it and uses its default.",
  remedy: "Correct the value.",
  after: [configInvalid],
  run: (subject) =>
    findingsOf(subject, ({ rule }) => rule === "wrong-type" || rule === "out-of-range" || rule === "contradiction"),
};

async function* findingsOf(
  subject: Subject,
  wanted: (finding: ConfigFinding) => boolean,
): AsyncGenerator<Finding, NoAnswer | void> {
  const file = await modelConfig(subject);
  if (file === null) return notApplicable;
  const { path, text } = file;
  for (const finding of text === null ? [noText] : await judge(subject, text)) {
    if (!wanted(finding)) continue;
    const { message, remedy, line, column } = finding;
    const subjectOf = finding.rule === "unparsable" || finding.rule === "duplicate-key" ? "The file " : "";
    yield { message: `${subjectOf}${message}.`, at: `${path}:${line}:${column}`, remedy };
  }
}

const noText: ConfigFinding = {
  rule: "unparsable",
  severity: "error",
  message: "is over 256 KiB, or no UTF-8 text",
  remedy: "Write a short YAML file.",
  line: 1,
  column: 1,
};

async function judge(subject: Subject, text: string): Promise<ConfigFinding[]> {
  const { checkModelConfig } = await import("../../server-config/check-model-config.ts");
  const mentioned = await mentionedInHandler(subject);
  return checkModelConfig(text, { handlerKeys: (key) => mentioned.has(key) });
}

/** Texts of the handler's source: a key that stands there is read by the handler (`context.model_yaml_config`). */
async function mentionedInHandler(subject: Subject): Promise<ReadonlySet<string>> {
  const file = await handlerFile(subject);
  const texts = new Set<string>();
  if (file) {
    for (const node of walk(file.module.tree)) {
      const { value } = node.fields;
      if (node.kind === "StringLiteral" && typeof value === "string") texts.add(value);
    }
  }
  return texts;
}
