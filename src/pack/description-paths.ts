import { recordedTensorsPath } from "../tensors/recorded-tensors.ts";

/** Where `archive --bom` puts the bill of materials; TorchServe ignores it. */
export const bomPath = "MAR-INF/bom.cdx.json";

/** Whether this is a document about the others: packed again, it is made anew. */
export function isDescription({ path }: { readonly path: string }): boolean {
  return path === recordedTensorsPath || path === bomPath;
}
