import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { raised } from "../lowering-error.ts";
import type { Operator } from "./operator.ts";
import type { Value } from "../value.ts";

/** A condition that is known to be false stops the program, as in PyTorch; one that depends on values is taken as true. */
function truth(call: Call, builder: Builder): Value {
  const tensor = call.optionalTensor("self");
  const known = tensor === null ? null : builder.known(tensor);
  const message = call.has("assert_msg") ? call.string("assert_msg") : "an assertion of the program";
  if (known !== null && known.length > 0 && Number(known[0]) === 0) throw raised(message);
  return null;
}

function metadata(call: Call): Value {
  const self = call.tensor("a");
  const size = call.optionalInts("size");
  const dtype = call.dtype("dtype");
  if (size !== null && size.join() !== self.shape.join()) {
    throw raised(`a tensor of [${self.shape.join(", ")}] where the program was exported for [${size.join(", ")}]`);
  }
  if (dtype !== null && dtype !== self.dtype) throw raised(`a tensor of ${self.dtype} where ${dtype} was exported`);
  return null;
}

/** Names and schemas of operators that only state what sizes may be; sizes are known here, so nothing is left to do. */
const silent: readonly [string, readonly string[]][] = [
  ["sym_constrain_range", ["aten::sym_constrain_range(Scalar size, *, int? min=None, int? max=None) -> ()"]],
  [
    "sym_constrain_range_for_size",
    ["aten::sym_constrain_range_for_size(Scalar size, *, int? min=None, int? max=None) -> ()"],
  ],
  ["_assert_scalar", ["aten::_assert_scalar(Scalar self, str assert_msg) -> ()"]],
];

/** Assertions that exported programs carry. */
export const assertions: readonly Operator[] = [
  {
    name: "aten::_assert_async",
    schemas: ["aten::_assert_async(Tensor self) -> ()", "aten::_assert_async.msg(Tensor self, str assert_msg) -> ()"],
    doc: "Checked where its value is known.",
    lower: truth,
  },
  {
    name: "aten::_assert_tensor_metadata",
    schemas: [
      "aten::_assert_tensor_metadata(Tensor a, SymInt[]? size=None, SymInt[]? stride=None, ScalarType? dtype=None, *, Device? device=None, Layout? layout=None) -> ()",
    ],
    doc: "Shape and type are checked.",
    lower: metadata,
  },
  ...silent.map(([name, schemas]): Operator => ({
    name: `aten::${name}`,
    schemas,
    doc: "Nothing to do.",
    lower: () => null,
  })),
];
