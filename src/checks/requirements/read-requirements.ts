import type { Subject } from "../subject.ts";
import { parseRequirements, type Requirements } from "./parse-requirements.ts";

/** Bytes of the largest requirements file that is read. */
const limit = 1 << 20;

export interface RequirementsFile extends Requirements {
  readonly path: string;
}

/** The requirements that the manifest names; null when there are none, or they cannot be read as text. */
export async function readRequirements(subject: Subject): Promise<RequirementsFile | null> {
  const path = (await subject.manifest())?.manifest?.model.requirementsFile;
  const text = path === undefined ? null : await subject.text(path, limit);
  return path === undefined || text === null ? null : { path, ...parseRequirements(text) };
}
