import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Guess } from "./guess.ts";
import type { FolderContents, FoundModel } from "./folder-contents.ts";

/** Names that say nothing of the model. */
const generic =
  /^(pytorch_?)?(model|weights?|network|net|checkpoint|ckpt|state_?dict|best|last|final|latest|output|export(ed)?|traced|scripted|quantized|fp16|int8|onnx|torchscript)([-_.].*)?$/i;
const versionSuffix = /[-_.]v?(\d+(?:\.\d+)*)$/i;

/** Name and version of the model. */
export async function guessIdentity(contents: FolderContents, model: FoundModel): Promise<readonly Guess[]> {
  const stem = basename(model.path).replace(/\.[^.]+$/, "");
  const said = versionSuffix.exec(stem);
  const plain = said === null ? stem : stem.slice(0, said.index);
  const fromFile = generic.test(plain) ? "" : cleanName(plain);
  const fromFolder = cleanName(basename(resolve(contents.folder)));
  const name: Guess =
    fromFile !== ""
      ? { key: "model.name", value: fromFile, reason: "the model file's name" }
      : { key: "model.name", value: fromFolder || "model", reason: "the folder's name" };
  const version = (await declaredVersion(contents)) ?? {
    value: said?.[1] ?? "1.0",
    reason: said === null ? "nothing here tells one" : "the model file's name",
  };
  return [name, { key: "model.version", ...version }];
}

/** What TorchServe takes as a name. */
function cleanName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.-]+/g, "_").replace(/^[^A-Za-z0-9]+/, "");
}

type Version = Pick<Guess, "value" | "reason">;

async function declaredVersion({ folder, files }: FolderContents): Promise<Version | null> {
  const read = async (name: string, pattern: RegExp): Promise<Version | null> => {
    const text = files.includes(name) ? await readFile(join(folder, name), "utf8").catch(() => "") : "";
    const value = pattern.exec(text.slice(0, 1 << 20))?.[1];
    return value === undefined ? null : { value, reason: name };
  };
  return (
    (await read("VERSION", /^\s*v?(\d[\w.+-]*)\s*$/)) ??
    (await read("pyproject.toml", /^\[(?:project|tool\.poetry)\]\n(?:(?!\[).*\n)*?version\s*=\s*["']([^"']+)["']/m))
  );
}
