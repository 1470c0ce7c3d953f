import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import type { Value } from "../value.ts";
import type { Operator } from "./operator.ts";

/** A row whose schemas leave out the name: `row("aten::t", ["(Tensor self) -> Tensor"], …)`. */
export function row(
  name: string,
  schemas: readonly string[],
  doc: string,
  lower: (call: Call, builder: Builder) => Value,
): Operator {
  return { name, schemas: schemas.map((schema) => `${name}${schema}`), doc, lower };
}
