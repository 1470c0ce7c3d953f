import { bomPath } from "../bom/cyclonedx.ts";
import { recordedTensorsPath } from "../tensors/recorded-tensors.ts";

/** Whether this is a document about the others: packed again, it is made anew. */
export function isDescription({ path }: { readonly path: string }): boolean {
  return path === recordedTensorsPath || path === bomPath;
}
