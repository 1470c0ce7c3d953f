import type { Builder } from "../builder.ts";
import { isSupported } from "../operators/registry.ts";
import { LoweringError, invalid, unsupported } from "../lowering-error.ts";
import type { Context } from "../evaluator/frame.ts";
import { numelOf, sizesOf } from "../symbolic.ts";
import { TensorValue } from "../tensor-value.ts";
import { SymbolicScalar, TupleValue, type Value } from "../value.ts";
import { argumentValue, bindOutputs, type Environment } from "./arguments.ts";
import { callHigherOrder, higherOrderOf } from "./higher-order.ts";
import { autocasted } from "./autocast.ts";
import { callBatched, exampleOf, vmapFunction } from "./batched.ts";
import { JsonObject } from "./json.ts";
import { higherOrderName, ignoredOperators, namedOperator, type OperatorTarget } from "./nodes.ts";
import { callPython, isPythonTarget, knownScalar } from "./python-target.ts";

/** The operator that a node calls; null for one of Python's own functions. */
export function operatorOf(target: string): OperatorTarget | null {
  return isPythonTarget(target) ? null : namedOperator(target);
}

/** Whether a node's target is lowered; `name` is how it is shown to people. */
export function targetSupport(target: string): { readonly name: string; readonly supported: boolean } {
  if (isPythonTarget(target) || vmapFunction(target) !== null) return { name: target, supported: true };
  const higherOrder = higherOrderName(target);
  if (higherOrder !== null) {
    return { name: `higher_order::${higherOrder}`, supported: higherOrderOf(higherOrder) !== null };
  }
  const operator = operatorOf(target);
  if (operator === null) return { name: target, supported: false };
  return {
    name: operator.name,
    supported: sizeOf(operator.name) !== null || ignoredOperators.has(operator.name) || isSupported(operator.name),
  };
}

/** Evaluates the nodes of a graph in their order. Its inputs are in `environment` already. */
export function walkNodes(graph: JsonObject, environment: Environment, context: Context): void {
  for (const item of graph.list("nodes")) {
    const node = JsonObject.of(item, "a node");
    context.budget.step();
    const target = node.string("target");
    try {
      bindOutputs(node.list("outputs"), callNode(node, target, environment, context), environment);
    } catch (error) {
      if (error instanceof LoweringError && error.trace.length === 0) error.trace.push(placeOf(node, target));
      throw error;
    }
  }
}

/** The results of a graph whose inputs are given in order. */
export function walkGraph(graph: JsonObject, inputs: readonly Value[], context: Context): Value[] {
  const environment: Environment = new Map();
  const names = graph.list("inputs");
  if (names.length !== inputs.length) throw invalid(`a graph of ${names.length} inputs called with ${inputs.length}`);
  names.forEach((name, i) => bindOutputs([name], inputs[i] ?? null, environment));
  return context.budget.call(() => {
    walkNodes(graph, environment, context);
    return graph.list("outputs").map((output) => argumentValue(output, environment));
  });
}

function callNode(node: JsonObject, target: string, environment: Environment, context: Context): Value {
  const { builder } = context;
  const higherOrder = higherOrderName(target);
  if (higherOrder !== null) {
    const args = node.list("inputs").map((input) => JsonObject.of(input, "an argument").value("arg"));
    return callHigherOrder(higherOrder, args, environment, { context, walk: walkGraph });
  }
  const positional: Value[] = [];
  const keyword = new Map<string, Value>();
  for (const input of node.list("inputs")) {
    const argument = JsonObject.of(input, "an argument");
    const value = argumentValue(argument.value("arg"), environment);
    // `kind` 1 is positional, 2 keyword; files before schema 8.3 leave it out and name every argument.
    const name = argument.has("name") ? argument.string("name") : "";
    if (name !== "" && argument.value("kind") !== 1) keyword.set(name, value);
    else positional.push(value);
  }
  const vmap = vmapFunction(target);
  if (vmap !== null) return vmap([...positional, ...keyword.values()], builder);
  if (isPythonTarget(target)) return callPython(target, [...positional, ...keyword.values()], builder);
  const operator = operatorOf(target);
  if (operator === null) throw invalid(`a call of ${target}`);
  if (ignoredOperators.has(operator.name)) return positional[0] ?? [...keyword.values()][0] ?? null;
  const size = sizeOf(operator.name);
  const examples = () => [...positional, ...keyword.values()].map((value) => exampleOf(value, builder));
  if (size !== null) return size(examples(), builder);
  const cast = (value: Value) => autocasted(operator.name, value, context.autocast ?? null, builder);
  const named = new Map([...keyword].map(([name, value]) => [name, cast(value)] as const));
  const called = callBatched(operator.name, operator.overload, positional.map(cast), named, builder);
  return numberOf(called, operator.name, builder);
}

type Size = (args: readonly Value[], builder: Builder) => Value;

const tensorOf = (args: readonly Value[]): TensorValue => {
  const [tensor] = args;
  if (tensor instanceof TensorValue) return tensor;
  throw invalid("the size of something that is no tensor");
};

/** All of the numbers, or the one that a second argument names. */
function numbers(values: readonly Value[], args: readonly Value[]): Value {
  if (args.length < 2) return new TupleValue(values);
  const found = values.at(Number(args[1] ?? 0n));
  if (found === undefined) throw invalid(`a dimension beyond the ${values.length} of a tensor`);
  return found;
}

function sizeOf(name: string): Size | null {
  switch (name) {
    case "aten::sym_size":
      return (args, builder) => numbers(sizesOf(tensorOf(args), builder), args);
    case "aten::sym_stride":
      return (args) => {
        const { strides } = tensorOf(args);
        if (strides.some(Number.isNaN)) throw unsupported("strides that depend on the values of a tensor");
        return numbers(strides.map(BigInt), args);
      };
    case "aten::sym_numel":
      return (args, builder) => numelOf(tensorOf(args), builder);
    case "aten::sym_storage_offset":
      return () => 0n;
    default:
      return null;
  }
}

/** What an operator gives for `item()` is a number of the program, which is known or stands for a tensor's value. */
function numberOf(result: Value, name: string, builder: Builder): Value {
  if (result instanceof SymbolicScalar) return knownScalar(result, builder) ?? result;
  if (!(result instanceof TensorValue) || (name !== "aten::item" && name !== "aten::_local_scalar_dense"))
    return result;
  const type = result.dtype === "bool" ? "bool" : result.dtype.includes("float") ? "float" : "int";
  const scalar = new SymbolicScalar(type, builder.reshape(result, []));
  return knownScalar(scalar, builder) ?? scalar;
}

/** `conv2d_1 = torch.ops.aten.conv2d.default`, and the module it came from where the file tells. */
function placeOf(node: JsonObject, target: string): string {
  const name = node.has("name") ? `${node.string("name")} = ` : "";
  return `${name}${target.replace(/^torch\.ops\./, "")}`;
}
