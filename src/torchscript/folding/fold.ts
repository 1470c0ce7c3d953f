import { elementCount } from "../../graph/dtype.ts";
import type { Attributes } from "../attributes.ts";
import type { Result } from "../graph-emitter.ts";
import type { GraphValue } from "../tensor-value.ts";
import { elementwiseRules } from "./elementwise.ts";
import { reductionRules } from "./reductions.ts";
import type { Elements, Known, Rule } from "./rule.ts";
import { shapingRules } from "./shaping.ts";

/** Constants up to this many elements are computed with; larger ones are left to the engine. */
const mostElements = 1 << 14;

const rules: Readonly<Record<string, Rule | undefined>> = { ...shapingRules, ...elementwiseRules, ...reductionRules };

/**
 * Results of a node whose inputs are all known, by the rules of ONNX; null when it has to run. Sizes that a program turns
 * into tensors and back, masks and positions become Python numbers again in this way.
 */
export function fold(
  op: string,
  inputs: readonly (GraphValue | null)[],
  attributes: Attributes,
  results: readonly Result[],
): readonly Elements[] | null {
  const rule = Object.hasOwn(rules, op) ? rules[op] : undefined;
  if (rule === undefined || results.length !== 1 || !(elementCount(results[0].shape) <= mostElements)) return null;
  const known: (Known | null)[] = [];
  for (const input of inputs) {
    if (input === null) known.push(null);
    else if (input.known === null || input.known.length > mostElements || input.dtype.startsWith("complex"))
      return null;
    else known.push({ dtype: input.dtype, shape: input.shape, elements: input.known });
  }
  if (results[0].dtype.startsWith("complex")) return null;
  const elements = rule(known, attributes, results[0]);
  return elements === null ? null : [elements];
}
