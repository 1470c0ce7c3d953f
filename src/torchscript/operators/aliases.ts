import type { Operator } from "./operator.ts";

/** A row, and the same row under PyTorch's other names for it. */
export function withAliases(operator: Operator, ...names: readonly string[]): Operator[] {
  const others = names.map((name) => ({
    ...operator,
    name: `aten::${name}`,
    schemas: operator.schemas.map((schema) => `aten::${name}${schema.slice(operator.name.length)}`),
  }));
  return [operator, ...others];
}
