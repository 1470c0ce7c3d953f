import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isLicenceFile, licenceOfText } from "../bom/licences.ts";
import { labelsOf, labelsPath } from "../checks/labels/label-file.ts";
import { reachableModules } from "../checks/python/reachable-modules.ts";
import type { Subject } from "../checks/subject.ts";
import type { Guess, Guesses } from "./guess.ts";
import type { FolderContents } from "./folder-contents.ts";
import type { OwnHandler } from "./own-handler.ts";

/** What `from_pretrained` of transformers and tokenizers opens. */
const tokenizerFiles =
  /^(tokenizer(_config)?\.json|vocab\.(txt|json)|merges\.txt|(special_tokens_map|added_tokens|config|(pre)?processor_config|preprocessor_config|generation_config)\.json|spiece\.model|sentencepiece\.bpe\.model)$/;

/** The files that are read at the root of the archive: whatever their folder is here. */
export async function guessFiles(
  contents: FolderContents,
  handler: OwnHandler | string | null,
  packed: Subject,
): Promise<Guesses> {
  const { files } = contents;
  const notes: string[] = [];
  const extra = new Map<string, string>();
  const add = (path: string | undefined, reason: string): void => {
    if (path !== undefined && !extra.has(path)) extra.set(path, reason);
  };
  const labels = files.find((path) => basename(path) === labelsPath);
  if (labels !== undefined) add(labels, await labelReason(contents, labels, notes));
  for (const { path, reason } of await namedByCode(contents, packed)) add(path, reason);
  if (handler === "onnx_text_classifier") add(rooted(files, "vocab.txt"), "the handler reads it");
  if (typeof handler === "object" && ["transformers", "tokenizers"].some((name) => handler?.imports.has(name))) {
    for (const path of files) if (tokenizerFiles.test(path)) add(path, "the tokenizer reads it");
  }
  for (const path of files.filter((one) => !one.includes("/") && isLicenceFile(one))) {
    add(path, licenceOfText(await textOf(contents, path)) ?? "licence");
  }
  return {
    guesses: [
      ...[...extra]
        .filter(([path]) => !/[,=]/.test(path))
        .map(([value, reason]): Guess => ({ key: "extra-files", value, reason })),
      ...named(files, "requirements.txt", "requirements-file", "Python packages that the handler needs"),
      ...named(files, "model-config.yaml", "config-file", "TorchServe's settings for the model"),
    ],
    notes,
  };
}

function named(files: readonly string[], name: string, key: Guess["key"], reason: string): Guess[] {
  const value = rooted(files, name);
  return value === undefined ? [] : [{ key, value, reason }];
}

const rooted = (files: readonly string[], name: string): string | undefined => files.find((path) => path === name);

async function labelReason(contents: FolderContents, path: string, notes: string[]): Promise<string> {
  try {
    const labels = labelsOf(JSON.parse(await textOf(contents, path)));
    if ("names" in labels) return `${labels.names.size} labels`;
    notes.push(`${path}: ${labels.error}`);
  } catch {
    notes.push(`${path} is no JSON`);
  }
  return "labels";
}

/** Modules beside the handler that it imports, and files whose names stand in quotes in any of them. */
async function namedByCode({ files }: FolderContents, packed: Subject): Promise<{ path: string; reason: string }[]> {
  const modules = await reachableModules(packed);
  const found = modules
    .filter(({ role, path }) => role === "imported" && files.includes(path))
    .map(({ path }) => ({ path, reason: "imported" }));
  const model = (await packed.model())?.entry.path;
  const code = modules.map(({ path }) => path);
  const others = files.filter((path) => !path.includes("/") && path !== model && !code.includes(path));
  for (const path of code) {
    const text = (await packed.text(path)) ?? "";
    const quoted = others.filter((name) => text.includes(`"${name}"`) || text.includes(`'${name}'`));
    found.push(...quoted.map((name) => ({ path: name, reason: `${path} names it` })));
  }
  return found;
}

async function textOf({ folder }: FolderContents, path: string): Promise<string> {
  return (await readFile(join(folder, path))).subarray(0, 16 << 20).toString("utf8");
}
