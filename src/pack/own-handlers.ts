import { resolve } from "node:path";
import type { Runtime } from "../manifest/fields.ts";
import { packageFile } from "../package-file.ts";
import { type Source, sourceOf } from "./source.ts";
import { statOf } from "./stat.ts";

/** The handlers of this package: no handler of TorchServe's own can run ONNX. */
const ownHandlers: ReadonlySet<string> = new Set(["onnx_image_classifier", "onnx_text_classifier", "onnx_tensor"]);
/** What each of them imports; it imports onnxruntime. */
export const ownHandlerModule = "onnx_model.py";

/** Whether this means a handler of ours: a file of that name where the user stands is theirs, as it always was. */
export function isOwnHandler(handler: string, runtime: Runtime, cwd: string): boolean {
  return runtime !== "LSP" && ownHandlers.has(handler) && !statOf(resolve(cwd, `${handler}.py`))?.isFile();
}

/** Its Python files. They do not count for the archive's date, which is that of the user's own files. */
export function ownHandlerFiles(handler: string): Source[] {
  return [`${handler}.py`, ownHandlerModule].flatMap((name) => {
    const file = packageFile(`handlers/${name}`);
    const stats = statOf(file);
    if (stats === undefined) throw new Error(`handlers/${name} cannot be read`);
    return [{ ...sourceOf(name, `${name} of model-archiver`, file, stats), mode: 0o644, modified: null }];
  });
}

/** What keeps such a handler from working that the plan can see; empty: nothing. */
export function ownHandlerTrouble(handler: string, packed: ReadonlySet<string>): string[] {
  const lacksVocabulary = handler === "onnx_text_classifier" && !packed.has("vocab.txt");
  return lacksVocabulary
    ? ["onnx_text_classifier reads vocab.txt, which is not packed: add --extra-files vocab.txt"]
    : [];
}
