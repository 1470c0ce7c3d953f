import type { ValueInfo } from "../graph/graph.ts";

/** What can be told of a model from its headers, without running it or reading its tensors. */
export interface Signature {
  /** User inputs, without initializers. Dimensions may be names or null (unknown). */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Operator (`domain:op` outside the standard domain; `aten::conv2d` for PyTorch) to number of uses. */
  readonly operators: Readonly<Record<string, number>>;
  /** Number of elements of all parameters; null where the headers do not tell. */
  readonly parameters: number | null;
  /** Facts of the format, in the order to show them: opset, IR version, producer, file version, … */
  readonly facts: Readonly<Record<string, string>>;
  /** External data files the model names, as written. */
  readonly externalData: readonly string[];
}
