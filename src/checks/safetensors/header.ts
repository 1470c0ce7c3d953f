import { AnomalyError } from "../../archive/archive.ts";
import { MalformedModel } from "../../model/malformed.ts";
import { readSafetensors } from "../../model/safetensors.ts";
import { type Check, notApplicable } from "../check.ts";

export const safetensorsHeader: Check = {
  id: "safetensors/header",
  title: "Safetensors headers fit their data",
  severity: "error",
  why: "The format allows no gap, overlap, duplicate or wrong size; loaders refuse the file, or read other tensors.",
  remedy: "Save the tensors again with the safetensors library.",
  async *run(subject) {
    const model = await subject.model();
    const named = subject.archive.entries.filter((entry) => {
      const isModel = entry === model?.entry && model.format === "safetensors";
      return entry.kind === "file" && (isModel || /\.safetensors$/i.test(entry.path));
    });
    if (named.length === 0) return notApplicable;
    for (const entry of named) {
      try {
        const { problems } = await readSafetensors(await subject.archive.open(entry));
        for (const message of problems) yield { message, at: entry.path };
      } catch (error) {
        if (error instanceof AnomalyError) yield { message: "The entry cannot be unpacked", at: entry.path };
        else if (error instanceof MalformedModel) yield { message: error.message, at: entry.path };
        else throw error;
      }
    }
    return undefined;
  },
};
