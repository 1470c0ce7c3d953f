import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { Value } from "../value.ts";

/**
 * One row of the operator table.
 * Not needed as rows of their own: `aten::relu_` (derived from `aten::relu`: computed, cast to self's dtype, written
 * to self) and overloads with `out=` (derived in the same way). Rows of the same name in different files add up.
 */
export interface Operator {
  /** `aten::conv2d` */
  readonly name: string;
  /** One per overload that is supported, as PyTorch prints them; the arguments are bound from these. */
  readonly schemas: readonly string[];
  /** One line for docs/operators.md: what is supported, what is not. */
  readonly doc: string;
  /** Emits the nodes and returns the result; several results as a TupleValue. */
  lower(call: Call, builder: Builder): Value;
}
