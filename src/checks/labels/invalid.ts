import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { labelsOf, labelsPath, readLabelFile } from "./label-file.ts";

export const labelsInvalid: Check = {
  id: "labels/invalid",
  title: "index_to_name.json is what TorchServe takes",
  severity: "error",
  why: "TorchServe reads index_to_name.json when the worker starts, and a file that it cannot read kills the worker.",
  remedy: 'Write an object of index to name, {"0": "cat", "1": "dog"}; a name may be a list whose last element counts.',
  async *run(subject) {
    const file = await readLabelFile(subject);
    if (file === null) return notApplicable;
    for (const { pointer, message } of file.issues) {
      yield { message: `${pointer === "" ? "The file" : `#${pointer}`} ${message}.`, at: labelsPath };
    }
    if (file.value === undefined) return;
    const labels = labelsOf(file.value);
    if ("error" in labels) yield { message: `The worker dies: Exception: ${labels.error}`, at: labelsPath };
  },
};
