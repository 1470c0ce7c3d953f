import { invalid } from "../lowering-error.ts";
import { JsonObject } from "./json.ts";

/** Deepest nesting of graphs in graphs. */
const deepest = 50;

export interface OperatorTarget {
  readonly name: string;
  readonly overload: string;
}

/** `torch.ops.aten.conv2d.default` → `aten::conv2d` with the plain overload; null for what is not written so. */
export function namedOperator(target: string): OperatorTarget | null {
  const parts = target.replace(/^torch\.ops\./, "").split(".");
  if (parts.length < 2 || parts.length > 3) return null;
  const [space = "", name = "", overload = "default"] = parts;
  return { name: `${space}::${name}`, overload: overload === "default" ? "" : overload };
}

/**
 * The name of an operator that takes graphs. torch 2.4 writes some by the Python module that defines them, torch 2.1
 * some without a namespace (`torch.ops.map_impl`).
 */
export function higherOrderName(target: string): string | null {
  const found = /^(?:(?:torch\.ops\.)?higher_order\.|torch\._higher_order_ops\.\w+\.|torch\.ops\.(?=\w+$))(\w+)/.exec(
    target,
  );
  return found?.[1] ?? null;
}

/** Checks that only guard what export assumed, and markers without an effect on values. */
export const ignoredOperators: ReadonlySet<string> = new Set([
  "aten::_assert_scalar",
  "aten::_assert_async",
  "aten::_assert_tensor_metadata",
  "aten::sym_constrain_range",
  "aten::sym_constrain_range_for_size",
  "aten::_functional_assert_scalar",
  "aten::_functional_assert_async",
  "aten::record_stream",
  "aten::_print",
  "aten::_linalg_check_errors",
]);

/** Every node of a graph and of the graphs within it. */
export function* nodesOf(graph: JsonObject, depth = 0): Generator<JsonObject> {
  if (depth > deepest) throw invalid("graphs nested too deeply");
  for (const item of graph.list("nodes")) {
    const node = JsonObject.of(item, "a node");
    yield node;
    for (const input of node.list("inputs")) {
      const inner = graphOf(JsonObject.of(input, "an argument").value("arg"));
      if (inner !== null) yield* nodesOf(inner, depth + 1);
    }
  }
}

/** The graph that an argument is; null for a value. */
export function graphOf(argument: unknown): JsonObject | null {
  const found = JsonObject.maybe(argument, "an argument")?.optionalObject("as_graph") ?? null;
  return found === null ? null : found.object("graph");
}
