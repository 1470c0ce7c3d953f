import type { Builder } from "../builder.ts";
import { TensorValue } from "../tensor-value.ts";
import { ListValue, type Value } from "../value.ts";
import { complexFunctions } from "./complex-functions.ts";
import type { Operator } from "./operator.ts";
import { stridedViews } from "./strided-views.ts";
import { slices } from "./slices.ts";
import { views } from "./views.ts";

/** Views that have a form of their own which copies: programs without aliasing are made of these. */
const copied =
  "view _reshape_alias expand permute transpose t squeeze unsqueeze slice select narrow diagonal as_strided unfold unbind split view_as_real view_as_complex"
    .split(" ")
    .map((name) => `aten::${name}`);

function copyOf(builder: Builder, value: Value): Value {
  if (value instanceof TensorValue) return builder.copy(value);
  return value instanceof ListValue ? new ListValue(value.content.map((item) => copyOf(builder, item))) : value;
}

/** `aten::view_copy` and the like: what the view shows, as a new tensor. */
export const copies: readonly Operator[] = [...views, ...slices, ...stridedViews, ...complexFunctions]
  .filter(({ name }) => copied.includes(name))
  .map((view) => ({
    name: `${view.name}_copy`,
    schemas: view.schemas.map((schema) => `${view.name}_copy${schema.slice(view.name.length)}`),
    doc: `${view.doc} As a copy.`,
    lower: (call, builder) => copyOf(builder, view.lower(call, builder)),
  }));
