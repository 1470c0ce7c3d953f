import { externalFiles, externalRange } from "../../model/onnx/external-data.ts";
import { tensorsOf } from "../../model/onnx/walk-graph.ts";
import { type Check, notApplicable } from "../check.ts";
import { onnxMalformed } from "./malformed.ts";
import { readableOnnx } from "./onnx-files.ts";

export const onnxExternalData: Check = {
  id: "onnx/external-data",
  title: "External data of ONNX models lies in the archive, whole",
  severity: "error",
  why: "Engines open the file that the model names: outside of the archive that is somebody else's file, or none.",
  remedy: "Pack the data file with the model: model-archiver archive finds it when it lies beside the .onnx.",
  after: [onnxMalformed],
  async *run(subject) {
    const models = (await readableOnnx(subject)).map(({ entry, model }) => ({
      entry,
      tensors: [...tensorsOf(model)].filter((tensor) => tensor.external !== null),
    }));
    if (models.every(({ tensors }) => tensors.length === 0)) return notApplicable;
    for (const { entry, tensors } of models) {
      const files = externalFiles(subject.archive, entry);
      const told = new Set<string>();
      try {
        for (const tensor of tensors) {
          const file = await files.open(tensor.external?.get("location") ?? "");
          const range = "problem" in file ? null : externalRange(tensor, file.source.size);
          const message =
            "problem" in file
              ? file.message
              : range !== null && "problem" in range
                ? `tensor ${JSON.stringify(tensor.name)} ${range.problem}`
                : null;
          if (message === null || told.has(message)) continue;
          told.add(message);
          yield { message, at: entry.path };
        }
      } finally {
        await files.close();
      }
    }
    return undefined;
  },
};
