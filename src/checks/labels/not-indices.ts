import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { labelsInvalid } from "./invalid.ts";
import { labelsPath, readLabels } from "./label-file.ts";

export const labelsNotIndices: Check = {
  id: "labels/not-indices",
  title: "Keys of index_to_name.json are class indices",
  severity: "warning",
  why: 'TorchServe\'s handlers look a label up by the class index as text: "0", "1", …',
  remedy: 'Turn the mapping round: {"0": "cat"}, not {"cat": "0"}.',
  after: [labelsInvalid],
  async *run(subject) {
    const labels = await readLabels(subject);
    if (labels === null) return notApplicable;
    const odd = [...labels.keys()].filter((key) => !/^(?:0|[1-9]\d*)$/.test(key));
    if (odd.length === 0) return;
    const shown = odd
      .slice(0, 3)
      .map((key) => JSON.stringify(key))
      .join(", ");
    yield { message: `${odd.length} of ${labels.size} keys are no class index: ${shown}.`, at: labelsPath };
  },
};
