import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import * as ort from "onnxruntime-node";

import { type DType, elementCount } from "../../../src/graph/dtype.ts";
import type { Graph, ValueInfo } from "../../../src/graph/graph.ts";
import { onnxBytes } from "../../../src/graph/onnx-bytes.ts";
import { callOperator } from "../../../src/torchscript/binding.ts";
import { Builder } from "../../../src/torchscript/builder.ts";
import { bfloatBits, bfloatValue, halfBits, halfValue } from "../../../src/torchscript/encode-known.ts";
import { realType, viewAsComplex, viewAsReal } from "../../../src/torchscript/operators/complex.ts";
import { isComplex } from "../../../src/torchscript/promotion.ts";
import { graphShape, hasUnknown } from "../../../src/torchscript/extent.ts";
import { GraphValue, TensorValue } from "../../../src/torchscript/tensor-value.ts";
import {
  DeviceValue,
  ListValue,
  SymbolicScalar,
  TupleValue,
  UnknownValue,
  type Value,
} from "../../../src/torchscript/value.ts";

export interface WrittenTensor {
  readonly s: readonly number[];
  readonly d?: DType;
  readonly f?: readonly [number, number, number];
  readonly v?: readonly (number | string)[];
  readonly step?: number;
  /** A constant of the program. */
  readonly k?: number;
}

type Written =
  | null
  | boolean
  | number
  | string
  | WrittenTensor
  | { readonly f: number | string }
  | { readonly device: string }
  | readonly Written[];

/** One call as fixtures/operators/case_format.py writes it. */
export interface OperatorCase {
  readonly op: string;
  readonly args: readonly Written[];
  readonly kwargs?: Readonly<Record<string, Written>>;
  readonly out: readonly Written[];
}

export function readCases(url: URL | string): OperatorCase[] {
  return JSON.parse(gunzipSync(readFileSync(url)).toString()).cases;
}

/** What became of a case: null when right. */
export type Verdict = { readonly case: OperatorCase; readonly problem: string | null };

interface Built {
  readonly of: OperatorCase;
  readonly results: readonly Value[];
}

/**
 * Lowers cases into one graph, tensors as graph inputs (`constant`: as known constants), runs it once and compares.
 * A graph that ONNX Runtime refuses is halved until the culprit is alone.
 */
export async function runCases(cases: readonly OperatorCase[], constant = false): Promise<Verdict[]> {
  const batch = new Batch(constant);
  const verdicts: Verdict[] = [];
  const built: Built[] = [];
  for (const of of cases) {
    try {
      built.push({ of, results: batch.call(of) });
    } catch (error) {
      verdicts.push({ case: of, problem: `not lowered: ${messageOf(error)}` });
    }
  }
  try {
    const outputs = await batch.run(built.map(({ results }) => results));
    built.forEach(({ of }, i) => verdicts.push({ case: of, problem: compare(of, outputs[i]) }));
  } catch (error) {
    if (built.length === 1) verdicts.push({ case: built[0].of, problem: `not run: ${messageOf(error)}` });
    else {
      const half = Math.ceil(built.length / 2);
      const all = built.map(({ of }) => of);
      verdicts.push(...(await runCases(all.slice(0, half), constant)), ...(await runCases(all.slice(half), constant)));
    }
  }
  return verdicts;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0].slice(0, 300) : String(error);
}

type Elements = { readonly dtype: DType; readonly shape: readonly number[]; readonly data: readonly number[] };

class Batch {
  readonly builder = new Builder();
  readonly inputs: ValueInfo[] = [];
  readonly feeds: Record<string, ort.Tensor> = {};
  readonly constant: boolean;

  constructor(constant: boolean) {
    this.constant = constant;
  }

  call(of: OperatorCase): Value[] {
    const [name, overload = null] = of.op.split(".");
    const keyword = new Map(Object.entries(of.kwargs ?? {}).map(([key, value]) => [key, this.value(value)]));
    const result = callOperator(
      name,
      overload,
      of.args.map((arg) => this.value(arg)),
      keyword,
      this.builder,
    );
    return flatten(result);
  }

  value(written: Written): Value {
    if (typeof written === "number") return BigInt(written);
    if (written === null || typeof written !== "object") return written;
    if (isList(written)) return new ListValue(written.map((item) => this.value(item)));
    if ("device" in written) return new DeviceValue(written.device);
    return "s" in written ? this.tensor(written) : Number(written.f);
  }

  tensor(written: WrittenTensor): TensorValue {
    const dtype = written.d ?? "float32";
    if (isComplex(dtype)) {
      const { s, ...elements } = written;
      return viewAsComplex(this.builder, this.tensor({ ...elements, s: [...s, 2], d: realType(dtype) }));
    }
    const data = elementsOf(written, dtype);
    if (this.constant || written.k === 1) {
      return this.builder.constant(
        dtype,
        written.s,
        dtype.includes("float") ? data.map(rounding(dtype)) : data.map(BigInt),
      );
    }
    // Halves cannot be handed to the engine: they come as float32 and are rounded inside.
    const carried = dtype === "bfloat16" || dtype === "float16" ? "float32" : dtype;
    const name = `x${this.inputs.length}`;
    this.inputs.push({ name, dtype: carried, shape: [...written.s] });
    this.feeds[name] = new ort.Tensor(carried as "float32", typed(carried, data) as Float32Array, [...written.s]);
    const value = new GraphValue(carried, written.s, { name, scope: this.builder.graph.root });
    return this.builder.copy(this.builder.cast(value, dtype));
  }

  /** Runs everything at once. Tensors leave as float32, float64 or int64. */
  async run(results: readonly (readonly Value[])[]): Promise<(Elements | Value)[][]> {
    const outputs: ValueInfo[] = [];
    const planned = results.map((row) => row.map((value) => this.#plan(value, outputs)));
    const graph: Graph = {
      name: "cases",
      inputs: this.inputs,
      outputs,
      nodes: this.builder.graph.root.nodes,
      tensors: this.builder.graph.tensors,
    };
    const session = await ort.InferenceSession.create(onnxBytes(graph), {
      logSeverityLevel: 4,
      graphOptimizationLevel: "basic",
      intraOpNumThreads: 1,
    });
    const ran = outputs.length === 0 ? {} : await session.run(this.feeds);
    await session.release();
    return planned.map((row) =>
      row.map((item) => {
        if (!("name" in item)) return item.value;
        const tensor = ran[item.name];
        return {
          dtype: item.dtype,
          shape: hasUnknown(item.shape) ? tensor.dims : item.shape,
          data: Array.from(tensor.data as Float32Array, Number),
          dims: tensor.dims,
        };
      }),
    );
  }

  #plan(
    value: Value,
    outputs: ValueInfo[],
  ): { value: Value } | { name: string; dtype: DType; shape: readonly number[] } {
    const tensor = value instanceof SymbolicScalar ? value.tensor : value;
    if (!(tensor instanceof TensorValue)) return { value };
    const real = tensor.dtype.startsWith("complex") ? viewAsReal(this.builder, tensor) : tensor;
    const carried: DType = real.dtype === "float64" ? "float64" : real.dtype.includes("float") ? "float32" : "int64";
    const result = this.builder.read(this.builder.cast(real, carried));
    const name = `y${outputs.length}`;
    const output = new GraphValue(carried, result.shape, { name, scope: this.builder.graph.root });
    this.builder.graph.push("Identity", [result], {}, [output]);
    outputs.push({ name, dtype: carried, shape: graphShape(result.shape) });
    return { name, dtype: tensor.dtype, shape: tensor.shape };
  }
}

/** A constant of the program has the precision of its type. */
function rounding(dtype: DType): (x: number) => number {
  if (dtype === "float16") return (x) => halfValue(halfBits(x));
  if (dtype === "bfloat16") return (x) => bfloatValue(bfloatBits(x));
  return dtype === "float32" ? Math.fround : (x) => x;
}

function isList(written: Written): written is readonly Written[] {
  return Array.isArray(written);
}

function flatten(value: Value): Value[] {
  if (value instanceof UnknownValue) throw new Error(`no operator ${value.operator}`);
  if (value instanceof ListValue) return value.content.flatMap(flatten);
  if (value instanceof TupleValue) return value.items.flatMap(flatten);
  return value === null ? [] : [value];
}

function elementsOf(written: WrittenTensor, dtype: DType): number[] {
  if (written.v !== undefined) return written.v.map(Number);
  const [seed, scale, shift] = written.f ?? [0, 1, 0];
  const element = dtype.includes("float")
    ? (i: number) => Math.sin(0.37 * i + seed) * scale + shift
    : dtype === "bool"
      ? (i: number) => ((i * 7 + seed) % 3 === 0 ? 1 : 0)
      : (i: number) => ((i * 7 + seed * 3) % scale) + shift;
  return Array.from({ length: elementCount(written.s) }, (_, i) => element(i));
}

function typed(dtype: DType, data: readonly number[]): unknown {
  if (dtype === "int64") return BigInt64Array.from(data, BigInt);
  const arrays: Partial<Record<DType, { from(data: readonly number[]): unknown }>> = {
    float32: Float32Array,
    float64: Float64Array,
    int32: Int32Array,
    int16: Int16Array,
    int8: Int8Array,
    uint8: Uint8Array,
    bool: Uint8Array,
  };
  return arrays[dtype]?.from(data);
}

/** Relative to the answer's largest element; halves are rounded at every step of PyTorch's too. */
const tolerance: Readonly<Partial<Record<DType, number>>> = { float16: 4e-3, bfloat16: 3e-2 };

function compare(of: OperatorCase, outputs: readonly (Elements | Value)[]): string | null {
  if (outputs.length < of.out.length) return `${outputs.length} results for ${of.out.length}`;
  for (const [i, expected] of of.out.entries()) {
    const problem = compareOne(expected, outputs[i]);
    if (problem !== null) return `result ${i}: ${problem}`;
  }
  return null;
}

function compareOne(expected: Written, got: Elements | Value): string | null {
  if (expected === null || typeof expected !== "object" || !("s" in expected)) {
    const wanted = expected !== null && typeof expected === "object" && "f" in expected ? Number(expected.f) : expected;
    const found =
      typeof got === "bigint"
        ? Number(got)
        : got !== null && typeof got === "object" && "data" in got
          ? got.data[0]
          : got;
    return Number(found) === Number(wanted) ? null : `${Number(found)} for ${Number(wanted)}`;
  }
  if (got === null || typeof got !== "object" || !("data" in got)) return "no tensor";
  const dtype = expected.d ?? "float32";
  if (got.dtype !== dtype) return `${got.dtype} for ${dtype}`;
  if (got.shape.join() !== expected.s.join()) return `shape [${got.shape.join()}] for [${expected.s.join()}]`;
  const wanted = (expected.v ?? []).map(Number);
  const step = expected.step ?? 1;
  const stride = dtype.startsWith("complex") ? 2 : 1;
  const scale = Math.max(1e-30, ...wanted.filter(Number.isFinite).map(Math.abs));
  for (const [i, want] of wanted.entries()) {
    const at = stride === 1 ? i * step : Math.floor(i / 2) * step * 2 + (i % 2);
    const found = got.data[at];
    if (Object.is(found, want) || found === want) continue;
    const error = Math.abs(found - want) / scale;
    if (!(error <= (tolerance[dtype] ?? 1e-5))) return `[${at}] is ${found} for ${want}`;
  }
  return null;
}
