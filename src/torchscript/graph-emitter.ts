import { type DType, elementCount, onnxType } from "../graph/dtype.ts";
import type { GraphNode, Tensor } from "../graph/graph.ts";
import { type Attributes, spellOut } from "./attributes.ts";
import { encodeKnown } from "./encode-known.ts";
import { fold } from "./folding/fold.ts";
import { kernelCasts } from "./kernels.ts";
import { invalid, LoweringError, unsupported } from "./lowering-error.ts";
import { isComplex } from "./promotion.ts";
import { GraphValue, type Scope } from "./tensor-value.ts";

export interface Result {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Constants up to this many elements are deduplicated by content. */
const sharedConstant = 256;
/** Elements of one tensor: beyond, PyTorch itself would need over 64 GB. */
const largestTensor = 2 ** 34;
const mostNodes = 500_000;

/** What treats pairs of floats as it treats numbers, with axes counted from the front. */
const onPairs: ReadonlySet<string> = new Set(
  "Add Sub Neg Identity Concat Slice Split Reshape Expand Transpose Gather Where ScatterND CumSum ReduceSum ReduceMean Tile Pad".split(
    " ",
  ),
);

/** Writes nodes, folding those whose inputs are known, and casting around kernels that ONNX Runtime does not have. */
export class GraphEmitter {
  readonly root: Scope = { parent: null, nodes: [] };
  readonly tensors: Tensor[] = [];
  scope: Scope = this.root;
  readonly #shared = new Map<string, GraphValue>();
  #names = 0;
  #nodes = 0;

  freshName(): string {
    return `v${this.#names++}`;
  }

  /** Whether the present scope sees this value. */
  sees(value: GraphValue): boolean {
    if (value.scope === null || value.scope === this.root) return true;
    for (let scope: Scope | null = this.scope; scope !== null; scope = scope.parent) {
      if (scope === value.scope) return true;
    }
    return false;
  }

  /** A constant: elements in row-major order, bigint for integers and bool. */
  constant(dtype: DType, shape: readonly number[], known: readonly (bigint | number)[]): GraphValue {
    if (known.length !== elementCount(shape)) throw invalid("a constant's shape does not fit its elements");
    // Real numbers as complex ones: pairs with 0.
    if (isComplex(dtype))
      return new GraphValue(dtype, shape, { known: known.flatMap((element) => [Number(element), 0]) });
    if (known.length > sharedConstant) return new GraphValue(dtype, shape, { known });
    const key = `${dtype}:${shape.join()}:${known.map((element) => (Object.is(element, -0) ? "-0" : element)).join()}`;
    const seen = this.#shared.get(key);
    if (seen !== undefined) return seen;
    const value = new GraphValue(dtype, shape, { known });
    this.#shared.set(key, value);
    return value;
  }

  /** The value's name; a constant or weight becomes an initializer on first use. */
  nameOf(value: GraphValue): string {
    if (value.name !== "") return value.name;
    value.name = this.freshName();
    const { known, located } = value;
    const [dtype, shape] = stored(value);
    if (located !== null) this.tensors.push({ name: value.name, dtype, shape, storage: located });
    else if (known !== null) {
      this.tensors.push({ name: value.name, dtype, shape, storage: { bytes: encodeKnown(dtype, known) } });
    } else throw invalid("a value without a name, contents or place");
    return value.name;
  }

  /** Emits one node (`Domain::Op` outside of the standard domain) and returns its results. */
  node(
    op: string,
    inputs: readonly (GraphValue | null)[],
    attributes: Attributes,
    results: readonly Result[],
  ): GraphValue[] {
    for (const { shape } of results) checkShape(shape);
    // Nothing to compute, and kernels differ in what they do about tensors without elements.
    if (results.every(({ shape }) => elementCount(shape) === 0)) {
      return results.map(({ dtype, shape }) => this.constant(dtype, shape, []));
    }
    const complex =
      results.some(({ dtype }) => isComplex(dtype)) || inputs.some((value) => value !== null && isComplex(value.dtype));
    if (complex && !(onPairs.has(op) && Number(attributes["axis"] ?? 0) >= 0))
      throw unsupported(`${op} of complex numbers`);
    const folded = complex ? null : fold(op, inputs, attributes, results);
    if (folded !== null) {
      return folded.map((known, i) => this.constant(results[i].dtype, results[i].shape, known));
    }
    const casts = kernelCasts(op, inputs, results);
    const ready = inputs.map((input, i) => (input === null ? null : this.#cast(input, casts?.inputs[i])));
    const raw = results.map((result, i) => {
      const dtype = casts?.outputs[i] ?? result.dtype;
      return new GraphValue(dtype, result.shape, { name: this.freshName(), scope: this.scope });
    });
    this.push(op, ready, attributes, raw);
    const wide = op === "Cast" ? ready[0] : null;
    return raw.map((value, i) => this.#rounded(this.#cast(value, results[i].dtype), wide ?? value));
  }

  /**
   * ONNX Runtime takes a cast to float16 and back for none, and the rounding with it. A node in between keeps both.
   */
  #rounded(value: GraphValue, wide: GraphValue): GraphValue {
    if (value.dtype !== "float16" || wide.dtype === "float16" || value.known !== null) return value;
    const result = new GraphValue(value.dtype, value.shape, { name: this.freshName(), scope: this.scope });
    this.push("Max", [value], {}, [result]);
    return result;
  }

  /** Adds a node as it is. */
  push(
    op: string,
    inputs: readonly (GraphValue | null)[],
    attributes: Attributes,
    outputs: readonly GraphValue[],
  ): void {
    if (++this.#nodes > mostNodes) throw new LoweringError("limit", `more than ${mostNodes} nodes`);
    const [domain, bare] = op.includes("::") ? op.split("::", 2) : ["", op];
    const node: GraphNode = {
      op: bare,
      domain,
      inputs: inputs.map((input) => (input === null ? "" : this.nameOf(input))),
      outputs: outputs.map((output) => output.name),
      attributes: spellOut(attributes),
    };
    this.scope.nodes.push(node);
  }

  #cast(value: GraphValue, dtype: DType | null | undefined): GraphValue {
    if (!dtype || value.dtype === dtype) return value;
    const { shape } = value;
    const folded = fold("Cast", [value], {}, [{ dtype, shape }])?.[0];
    if (folded !== undefined) return this.constant(dtype, shape, folded);
    const result = new GraphValue(dtype, shape, { name: this.freshName(), scope: this.scope });
    this.push("Cast", [value], { to: onnxType(dtype) }, [result]);
    return result;
  }
}

/** Type and shape in the graph: complex numbers are pairs of floats there. */
export function stored({ dtype, shape }: Pick<GraphValue, "dtype" | "shape">): [DType, readonly number[]] {
  if (dtype === "complex64") return ["float32", [...shape, 2]];
  return dtype === "complex128" ? ["float64", [...shape, 2]] : [dtype, shape];
}

function checkShape(shape: readonly number[]): void {
  if (shape.some((dim) => !Number.isNaN(dim) && (!Number.isSafeInteger(dim) || dim < 0))) {
    throw invalid(`a tensor of shape [${shape.join(", ")}]`);
  }
  if (elementCount(shape) > largestTensor) {
    throw new LoweringError("limit", `a tensor of shape [${shape.join(", ")}] is too large`);
  }
}
