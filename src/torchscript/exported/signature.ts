import type { Dim } from "../../graph/graph.ts";
import type { DType } from "../../graph/dtype.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import type { Scalar } from "../value.ts";
import { type Expression, parseExpression } from "./expression.ts";
import { bigintOf, integerOf, JsonObject, numberOf, stringOf } from "./json.ts";
import { dtypeOfExported } from "./numbering.ts";

/** A size of an input: fixed, or an expression of symbols that the input binds. */
export type Size = number | { readonly text: string; readonly expression: Expression; readonly hint: number | null };

/** What an input of the graph is. `name` is its name in the graph. */
export type ProgramInput =
  | { readonly kind: "tensor"; readonly name: string; readonly dtype: DType; readonly sizes: readonly Size[] }
  | {
      readonly kind: "number";
      readonly name: string;
      readonly type: "int" | "float" | "bool";
      readonly hint: number | null;
    }
  /** Fixed when the program was exported. */
  | { readonly kind: "constant"; readonly name: string; readonly value: Scalar | string | null }
  /** A parameter, buffer or tensor constant, by its name among the file's tensors. */
  | { readonly kind: "weight"; readonly name: string; readonly tensor: string; readonly isParameter: boolean };

/** What the program is called with and gives, from the graph's signature. */
export interface ProgramSignature {
  /** In the order of the call: the user's own, among them constants. */
  readonly user: readonly Exclude<ProgramInput, { kind: "weight" }>[];
  readonly weights: readonly Extract<ProgramInput, { kind: "weight" }>[];
  /** Inputs that only order effects. */
  readonly tokens: readonly string[];
  /** Arguments (`{"as_tensor": {"name": "add"}}`) that are the user's results, in order; None among them. */
  readonly outputs: readonly unknown[];
  readonly ranges: ReadonlyMap<string, { readonly min: number; readonly max: number }>;
}

/** Reads the signature of a program of any schema version. Throws LoweringError. */
export function readProgramSignature(program: JsonObject): ProgramSignature {
  const graphModule = program.object("graph_module");
  const signature = graphModule.object("signature");
  const graph = graphModule.object("graph");
  const { user, weights, tokens, outputs } = signature.has("input_specs")
    ? specified(signature, graph)
    : earliest(signature, graph);
  return { user, weights, tokens, outputs, ranges: rangesOf(program) };
}

type Parts = Pick<ProgramSignature, "user" | "weights" | "tokens" | "outputs">;

const weightFields: Readonly<Record<string, string>> = {
  parameter: "parameter_name",
  buffer: "buffer_name",
  tensor_constant: "tensor_constant_name",
};

function specified(signature: JsonObject, graph: JsonObject): Parts {
  const user: ProgramSignature["user"][number][] = [];
  const weights: ProgramSignature["weights"][number][] = [];
  const tokens: string[] = [];
  for (const item of signature.list("input_specs")) {
    const [kind, value] = JsonObject.of(item, "an input").union();
    const spec = JsonObject.of(value, "an input");
    const field = weightFields[kind];
    if (field !== undefined) {
      weights.push({
        kind: "weight",
        name: spec.object("arg").string("name"),
        tensor: spec.string(field),
        isParameter: kind === "parameter",
      });
    } else if (kind === "user_input") user.push(userInput(spec.value("arg"), graph));
    else if (kind === "constant_input") {
      user.push({ kind: "constant", name: spec.string("name"), value: constantOf(spec.value("value")) });
    } else if (kind === "token") {
      tokens.push(spec.object("arg").string("name"));
    } else throw unsupported(`an input of the kind ${kind}`);
  }
  const outputs = signature.list("output_specs").flatMap((item) => {
    const [kind, value] = JsonObject.of(item, "an output").union();
    return kind === "user_output" || kind === "loss_output" ? [outputArgument(kind, value)] : [];
  });
  return { user, weights, tokens, outputs };
}

function outputArgument(kind: string, value: unknown): unknown {
  const argument = JsonObject.of(value, "an output").value("arg");
  return kind === "loss_output" ? { as_tensor: argument } : argument;
}

/** torch 2.1: names in dictionaries and lists. */
function earliest(signature: JsonObject, graph: JsonObject): Parts {
  const weights: ProgramSignature["weights"][number][] = [];
  for (const field of ["inputs_to_parameters", "inputs_to_buffers"]) {
    for (const [name, tensor] of signature.object(field).entries) {
      const isParameter = field === "inputs_to_parameters";
      weights.push({ kind: "weight", name, tensor: stringOf(tensor, field), isParameter });
    }
  }
  const byName = new Map(
    graph.list("inputs").map((input) => {
      const [, value] = JsonObject.of(input, "an input").union();
      const named = JsonObject.maybe(value, "an input");
      return [named?.has("name") ? named.string("name") : named?.has("as_name") ? named.string("as_name") : "", input];
    }),
  );
  const user = signature.list("user_inputs").map((name) => {
    const argument = byName.get(stringOf(name, "an input"));
    if (argument === undefined) throw invalid(`the graph has no input ${String(name)}`);
    return userInput(argument, graph);
  });
  const wanted = signature.list("user_outputs").map((name) => stringOf(name, "an output"));
  const outputs = graph.list("outputs");
  // Mutated buffers come before the user's own results.
  return { user, weights, tokens: [], outputs: outputs.slice(outputs.length - wanted.length) };
}

function userInput(argument: unknown, graph: JsonObject): ProgramSignature["user"][number] {
  const [kind, value] = JsonObject.of(argument, "an input").union();
  if (kind === "as_tensor") {
    const name = JsonObject.of(value, "an input").string("name");
    const found = graph.object("tensor_values").object(name);
    const meta = found.optionalObject("meta") ?? found;
    const sizes = meta.list("sizes").map((size) => sizeOf(size));
    return { kind: "tensor", name, dtype: dtypeOfExported(meta.integer("dtype")), sizes };
  }
  const symbolic = JsonObject.maybe(value, "an input");
  if (symbolic?.has("as_name")) {
    const name = symbolic.string("as_name");
    if (kind === "as_sym_float") return { kind: "number", name, type: "float", hint: null };
    if (kind === "as_sym_bool") return { kind: "number", name, type: "bool", hint: null };
    const size = graph.optionalObject("sym_int_values")?.value(name);
    const known = size === undefined ? null : sizeOf(size);
    return {
      kind: "number",
      name,
      type: "int",
      hint: known === null || typeof known === "number" ? known : known.hint,
    };
  }
  return { kind: "constant", name: "", value: constantOf(argument) };
}

/** A size as `SymInt` of the schema. */
export function sizeOf(value: unknown): Size {
  const [kind, size] = JsonObject.of(value, "a size").union();
  if (kind === "as_int") return integerOf(size, "a size");
  const symbolic = JsonObject.of(size, "a size");
  const text = symbolic.string("expr_str");
  // torch 2.1 writes the bare number, later versions `{"as_int": 3}`.
  const hint = symbolic.has("hint")
    ? (JsonObject.maybe(symbolic.value("hint"), "a hint")?.union()[1] ?? symbolic.value("hint"))
    : null;
  return { text, expression: parseExpression(text), hint: typeof hint === "number" ? hint : null };
}

function constantOf(value: unknown): Scalar | string | null {
  const [kind, constant] = JsonObject.of(value, "a constant").union();
  if (kind === "as_none") return null;
  // Up to torch 2.5 a bool was filed under the first member that Python took it for, as_int.
  if (typeof constant === "boolean") return constant;
  if (kind === "as_int") return bigintOf(constant, "a constant");
  if (kind === "as_float") return numberOf(constant, "a constant");
  if (kind === "as_string") return stringOf(constant, "a constant");
  throw unsupported(`an input of the kind ${kind}`);
}

function rangesOf(program: JsonObject): ProgramSignature["ranges"] {
  const ranges = new Map<string, { min: number; max: number }>();
  for (const [text, value] of program.optionalObject("range_constraints")?.entries ?? []) {
    const range = JsonObject.of(value, "a range");
    const min = range.value("min_val");
    const max = range.value("max_val");
    ranges.set(text, {
      min: typeof min === "number" ? min : -Infinity,
      max: typeof max === "number" ? max : Infinity,
    });
  }
  return ranges;
}

/** How a size is shown: a number, or a short name. */
export function dimOf(size: Size): Dim {
  return typeof size === "number" ? size : size.expression.kind === "symbol" ? size.expression.name : size.text;
}
