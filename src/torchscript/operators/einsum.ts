import type { Builder } from "../builder.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { isComplex, resultType } from "../promotion.ts";
import type { TensorValue } from "../tensor-value.ts";
import { complexOf, partsOf, realType } from "./complex.ts";
import { Maths } from "./maths.ts";
import type { Operator } from "./operator.ts";

interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Labels of one operand; `...` becomes as many labels of its own as dimensions are left. */
function labels(text: string, rank: number): string[] {
  const dots = text.indexOf("...");
  const letters = text.replace("...", "").split("");
  if (dots < 0) return letters;
  const extra = Array.from({ length: rank - letters.length }, (_, i) => `.${rank - letters.length - i}`);
  return [...letters.slice(0, dots), ...extra, ...letters.slice(dots)];
}

function parse(equation: string, tensors: readonly TensorValue[]): Equation {
  const [left, right] = equation.replaceAll(" ", "").split("->", 2);
  const terms = left.split(",");
  if (terms.length !== tensors.length) throw invalid(`einsum "${equation}" of ${tensors.length} tensors`);
  const inputs = terms.map((term, i) => labels(term, tensors[i].rank));
  const broadcast = [...new Set(inputs.flat().filter((label) => label.startsWith(".")))].sort(
    (a, b) => Number(b.slice(1)) - Number(a.slice(1)),
  );
  if (right === undefined) {
    const all = inputs.flat();
    const once = [...new Set(all)].filter(
      (label) => !label.startsWith(".") && all.filter((other) => other === label).length === 1,
    );
    return { inputs, output: [...broadcast, ...once.sort()] };
  }
  const dots = right.indexOf("...");
  const letters = right.replace("...", "").split("");
  return { inputs, output: dots < 0 ? letters : [...letters.slice(0, dots), ...broadcast, ...letters.slice(dots)] };
}

/** `torch.einsum` as ONNX's: labels become a, b, c …, ellipses are written out, dimensions of 1 are spread. */
export function einsum(builder: Builder, equation: string, tensors: readonly TensorValue[]): TensorValue {
  const { inputs, output } = parse(equation, tensors);
  const sizes = new Map<string, number>();
  inputs.forEach((term, i) => {
    term.forEach((label, axis) => {
      const size = tensors[i].shape[axis];
      if (size !== 1 || !sizes.has(label)) sizes.set(label, size);
    });
  });
  const letters = new Map([...sizes.keys()].map((label, i) => [label, String.fromCharCode(97 + i)]));
  const spell = (term: readonly string[]) => term.map((label) => letters.get(label) ?? "").join("");
  const sizeOf = (label: string) => sizes.get(label) ?? 1;
  const ready = builder.promote(tensors).map((tensor, i) => builder.expand(tensor, inputs[i].map(sizeOf)));
  const shape = output.map(sizeOf);
  if (ready.some((tensor) => tensor.count === 0)) return builder.full(ready[0].dtype, 0, shape);
  const attributes = { equation: `${inputs.map(spell).join(",")}->${spell(output)}` };
  return builder.emit("Einsum", ready, attributes, { dtype: ready[0].dtype, shape });
}

/** Of two factors, part by part. */
function complexEinsum(m: Maths, equation: string, tensors: readonly TensorValue[]): TensorValue {
  const dtype = realType(resultType(tensors));
  if (tensors.length > 2) throw unsupported("einsum of more than two factors with complex numbers");
  const [a, b] = tensors.map((tensor) => partsOf(m.builder, tensor, dtype));
  const of = (...parts: readonly TensorValue[]) => einsum(m.builder, equation, parts);
  if (b === undefined) return complexOf(m, { re: of(a.re), im: of(a.im) });
  return complexOf(m, {
    re: m.sub(of(a.re, b.re), of(a.im, b.im)),
    im: m.add(of(a.re, b.im), of(a.im, b.re)),
  });
}

/** Sums of products by index notation. */
export const einsums: readonly Operator[] = [
  {
    name: "aten::einsum",
    schemas: ["aten::einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor"],
    doc: "Einstein's notation: ellipses, diagonals, implicit results.",
    lower(call, builder) {
      const tensors = call.tensors("tensors");
      if (!tensors.some(({ dtype }) => isComplex(dtype))) return einsum(builder, call.string("equation"), tensors);
      return complexEinsum(new Maths(builder), call.string("equation"), tensors);
    },
  },
];
