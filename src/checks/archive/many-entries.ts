import { manyEntries as threshold } from "../../archive/limits.ts";
import type { Check } from "../check.ts";

export const manyEntries: Check = {
  id: "archive/many-entries",
  title: `Archive has at most ${threshold.toLocaleString("en")} entries`,
  severity: "warning",
  why: "Every worker start and every copy pays for each file; so many usually mean that a whole environment was packed.",
  remedy: "Leave out what the model does not need, or pack it as one file.",
  async *run({ archive }) {
    const { length } = archive.entries;
    if (length > threshold) yield { message: `The archive has ${length.toLocaleString("en")} entries.`, at: null };
  },
};
