import type { Builder } from "../builder.ts";
import type { Call } from "../call.ts";
import { isFloating, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { SymbolicScalar, type Value } from "../value.ts";
import { withAliases } from "./aliases.ts";
import { clip } from "./activations.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

const comparisons: readonly (readonly [string, string, string])[] = [
  ["eq", "Equal", ""],
  ["lt", "Less", "less"],
  ["le", "LessOrEqual", "less_equal"],
  ["gt", "Greater", "greater"],
  ["ge", "GreaterOrEqual", "greater_equal"],
];

function binarySchemas(name: string): string[] {
  return [
    `aten::${name}.Tensor(Tensor self, Tensor other) -> Tensor`,
    `aten::${name}.Scalar(Tensor self, Scalar other) -> Tensor`,
  ];
}

const compared: readonly Operator[] = comparisons.flatMap(([name, op, alias]) =>
  withAliases(
    {
      name: `aten::${name}`,
      schemas: binarySchemas(name),
      doc: `Elementwise ${op}.`,
      lower(call, builder) {
        const pair = [call.operand("self"), call.operand("other")] as const;
        if (op === "Equal") return new Maths(builder).equal(...pair);
        return builder.elementwise(op, pair, {}, "bool");
      },
    },
    ...(alias === "" ? [] : [alias]),
  ),
);

const different = withAliases(
  {
    name: "aten::ne",
    schemas: binarySchemas("ne"),
    doc: "Elementwise inequality.",
    lower(call, builder) {
      const m = new Maths(builder);
      return m.not(m.equal(call.operand("self"), call.operand("other")));
    },
  },
  "not_equal",
);

function logical(name: string, op: string): Operator {
  return {
    name: `aten::${name}`,
    schemas: [`aten::${name}(Tensor self, Tensor other) -> Tensor`],
    doc: "Of the truth values.",
    lower(call, builder) {
      const pair = [call.tensor("self"), call.tensor("other")].map((x) => builder.cast(x, "bool"));
      return builder.elementwise(op, pair);
    },
  };
}

function bitwise(name: string, dunder: string, onBool: string, onInts: string): Operator[] {
  const lower = (call: Call, builder: Builder): TensorValue => {
    const pair = builder.promote([call.operand("self"), call.operand("other")]);
    return builder.elementwise(pair[0].dtype === "bool" ? onBool : onInts, pair);
  };
  const doc = "Bit by bit; of bools, logically.";
  const schemas = [...binarySchemas(name), `aten::${name}.Scalar_Tensor(Scalar self, Tensor other) -> Tensor`];
  return [
    { name: `aten::${name}`, schemas, doc, lower },
    { name: `aten::${dunder}`, schemas: binarySchemas(dunder), doc, lower },
  ];
}

function shift(name: string, dunder: string, left: boolean): Operator[] {
  const lower = (call: Call, builder: Builder): TensorValue => {
    const m = new Maths(builder);
    const [a, b] = builder.promote([call.operand("self"), call.operand("other")]);
    const factor = builder.cast(m.pow(2, builder.cast(b, "int64")), "int64");
    if (left) return builder.cast(m.mul(builder.cast(a, "int64"), factor), a.dtype);
    const wide = builder.cast(a, "int64");
    return builder.cast(m.div(m.sub(wide, m.builder.elementwise("Mod", [wide, factor])), factor), a.dtype);
  };
  const doc = left ? "self × 2^other." : "self / 2^other, rounded down.";
  return [
    {
      name: `aten::${name}`,
      schemas: binarySchemas(name).map((s) => s.replace(".Scalar(", ".Tensor_Scalar(")),
      doc,
      lower,
    },
    { name: `aten::${dunder}`, schemas: binarySchemas(dunder), doc, lower },
  ];
}

/** |a − b| ≤ atol + rtol × |b|. */
function close(call: Call, builder: Builder): TensorValue {
  const m = new Maths(builder);
  const [a, b] = builder.promote([call.tensor("self"), call.tensor("other")]);
  const [x, y] = isFloating(a.dtype) ? [a, b] : [builder.cast(a, "float64"), builder.cast(b, "float64")];
  const bound = m.add(m.mul(m.abs(y), call.float("rtol")), call.float("atol"));
  const near = m.or(m.equal(x, y), m.lessEqual(m.abs(m.sub(x, y)), bound));
  if (!call.bool("equal_nan")) return near;
  return m.or(near, m.and(m.unary("IsNaN", x, "bool"), m.unary("IsNaN", y, "bool")));
}

/** Whether all elements of a bool tensor are true: a Python bool if that is known. */
export function allTrue(builder: Builder, condition: TensorValue): Value {
  const known = builder.known(condition);
  if (known !== null) return known.every((element) => element !== 0n);
  const flags = builder.reshape(condition, [condition.count]);
  const all = builder.emit("ReduceMin", [flags], { keepdims: 0 }, { dtype: "bool", shape: [] });
  return new SymbolicScalar("bool", all);
}

const closeness: readonly Operator[] = [
  {
    name: "aten::isclose",
    schemas: [
      "aten::isclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False) -> Tensor",
    ],
    doc: "Whether elements differ by at most atol + rtol × |other|.",
    lower: close,
  },
  {
    name: "aten::allclose",
    schemas: [
      "aten::allclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False) -> bool",
    ],
    doc: "Whether all elements are close.",
    lower: (call, builder) => allTrue(builder, close(call, builder)),
  },
  {
    name: "aten::equal",
    schemas: ["aten::equal(Tensor self, Tensor other) -> bool"],
    doc: "Whether shapes and all elements are equal.",
    lower(call, builder) {
      const [a, b] = [call.tensor("self"), call.tensor("other")];
      if (a.shape.join() !== b.shape.join()) return false;
      return allTrue(builder, new Maths(builder).equal(a, b));
    },
  },
  {
    name: "aten::is_same_size",
    schemas: ["aten::is_same_size(Tensor self, Tensor other) -> bool"],
    doc: "Whether the shapes are equal.",
    lower: (call) => call.tensor("self").shape.join() === call.tensor("other").shape.join(),
  },
  {
    name: "aten::isin",
    schemas: [
      "aten::isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor",
      "aten::isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) -> Tensor",
    ],
    doc: "Whether each element is among the test elements.",
    lower(call, builder) {
      const m = new Maths(builder);
      const elements = call.has("elements") ? call.tensor("elements") : call.tensor("element");
      const tests = call.has("test_elements") ? call.operand("test_elements") : call.operand("test_element");
      const flat = builder.reshape(tests, [tests.count]);
      const matches = builder.cast(m.equal(builder.unsqueeze(elements, [elements.rank]), flat), "int32");
      const axes = builder.ints([elements.rank]);
      const any = builder.emit(
        "ReduceMax",
        [matches, axes],
        { keepdims: 0 },
        { dtype: "int32", shape: elements.shape },
      );
      const found = builder.cast(any, "bool");
      return call.bool("invert") ? m.not(found) : found;
    },
  },
];

function clampTo(call: Call, builder: Builder, low: TensorValue | null, high: TensorValue | null): TensorValue {
  const m = new Maths(builder);
  let result = call.tensor("self");
  const dtype = resultType([result, low, high].filter((x) => x !== null));
  result = builder.cast(result, dtype);
  const known = (bound: TensorValue | null) => (bound?.rank === 0 ? (builder.known(bound)?.[0] ?? null) : null);
  const [from, to] = [known(low), known(high)];
  if ((low === null || from !== null) && (high === null || to !== null)) {
    // min(max(x, low), high): high wins where the bounds are crossed.
    const least = from !== null && to !== null && Number(from) > Number(to) ? to : from;
    return clip(builder, result, least === null ? null : Number(least), to === null ? null : Number(to));
  }
  if (low !== null) result = m.max(result, builder.cast(low, dtype));
  return high === null ? result : m.min(result, builder.cast(high, dtype));
}

const clamps: readonly Operator[] = [
  ...withAliases(
    {
      name: "aten::clamp",
      schemas: [
        "aten::clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor",
        "aten::clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor",
      ],
      doc: "self within min and max.",
      lower: (call, builder) => clampTo(call, builder, call.optionalOperand("min"), call.optionalOperand("max")),
    },
    "clip",
  ),
  {
    name: "aten::clamp_min",
    schemas: [
      "aten::clamp_min(Tensor self, Scalar min) -> Tensor",
      "aten::clamp_min.Tensor(Tensor self, Tensor min) -> Tensor",
    ],
    doc: "self, at least min.",
    lower: (call, builder) => clampTo(call, builder, call.operand("min"), null),
  },
  {
    name: "aten::clamp_max",
    schemas: [
      "aten::clamp_max(Tensor self, Scalar max) -> Tensor",
      "aten::clamp_max.Tensor(Tensor self, Tensor max) -> Tensor",
    ],
    doc: "self, at most max.",
    lower: (call, builder) => clampTo(call, builder, null, call.operand("max")),
  },
];

/** Python's `&=`, `|=` and `^=`: written to self. */
function augmented(dunder: string, onBool: string, onInts: string): Operator {
  return {
    name: `aten::${dunder}`,
    schemas: binarySchemas(dunder),
    doc: "Bit by bit, written to self.",
    lower(call, builder) {
      const self = call.tensor("self");
      const pair = builder.promote([self, call.operand("other")]);
      builder.write(self, builder.elementwise(pair[0].dtype === "bool" ? onBool : onInts, pair));
      return self;
    },
  };
}

/** Comparison, logic, bits and bounds. */
export const comparison: readonly Operator[] = [
  ...compared,
  ...different,
  logical("logical_and", "And"),
  logical("logical_or", "Or"),
  logical("logical_xor", "Xor"),
  ...bitwise("bitwise_and", "__and__", "And", "BitwiseAnd"),
  ...bitwise("bitwise_or", "__or__", "Or", "BitwiseOr"),
  ...bitwise("bitwise_xor", "__xor__", "Xor", "BitwiseXor"),
  ...shift("bitwise_left_shift", "__lshift__", true),
  ...shift("bitwise_right_shift", "__rshift__", false),
  augmented("__iand__", "And", "BitwiseAnd"),
  augmented("__ior__", "Or", "BitwiseOr"),
  augmented("__ixor__", "Xor", "BitwiseXor"),
  ...closeness,
  ...clamps,
];
