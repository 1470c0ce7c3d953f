import { callOperator } from "../binding.ts";
import { branch } from "../evaluator/branch.ts";
import type { Context, Frame } from "../evaluator/frame.ts";
import { symbolicLoop } from "../evaluator/loop.ts";
import { truth } from "../evaluator/truth.ts";
import { invalid, unsupported } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { ListValue, TupleValue, type Value } from "../value.ts";
import { autocastType } from "./autocast.ts";
import { argumentValue, type Environment } from "./arguments.ts";
import { graphOf, ignoredOperators, namedOperator } from "./nodes.ts";
import type { JsonObject } from "./json.ts";

/** What evaluates a graph within a graph. */
export interface Walker {
  readonly context: Context;
  walk(graph: JsonObject, inputs: readonly Value[], context: Context): Value[];
}

/** The arguments of a call: graphs apart from values, each at its own position. */
interface HigherOrderCall extends Walker {
  readonly args: readonly (JsonObject | Value)[];
}

type HigherOrder = (call: HigherOrderCall) => Value;

/** Rounds of a loop over rows (map, scan) or with a known condition that are written out. */
const mostRounds = 1024;
/** A while loop that is not over after this many known rounds becomes an ONNX Loop. */
const writtenOut = 64;

const table: Readonly<Record<string, HigherOrder>> = {
  cond,
  while_loop: whileLoop,
  map_impl: mapRows,
  scan,
  wrap_with_set_grad_enabled: inline,
  wrap_with_autocast: withAutocast,
  wrap: inline,
  wrap_activation_checkpoint: inline,
  tag_activation_checkpoint: inline,
  strict_mode: inline,
  hints_wrapper: inline,
  invoke_subgraph: inline,
  with_effects: withEffects,
};

export function higherOrderOf(name: string): HigherOrder | null {
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null;
}

/** Calls `torch.ops.higher_order.<name>`, whose arguments contain graphs. */
export function callHigherOrder(
  name: string,
  args: readonly unknown[],
  environment: Environment,
  walker: Walker,
): Value {
  const call = higherOrderOf(name);
  if (call === null) throw unsupported(`torch.ops.higher_order.${name}`);
  const values = args.map((arg) => graphOf(arg) ?? argumentValue(arg, environment));
  return call({ ...walker, args: values });
}

function isGraph(arg: JsonObject | Value | undefined): arg is JsonObject {
  return typeof arg === "object" && arg !== null && "union" in arg;
}

function graphAt(call: HigherOrderCall, index: number): JsonObject {
  const arg = call.args[index];
  if (!isGraph(arg)) throw invalid(`argument ${index} is not a graph`);
  return arg;
}

/** The values of an argument: a list, or one value by itself. Missing: none. */
function valuesAt(call: HigherOrderCall, index: number): readonly Value[] {
  const arg = call.args[index];
  if (arg === undefined || arg === null || isGraph(arg)) return [];
  if (arg instanceof ListValue) return arg.content;
  return arg instanceof TupleValue ? arg.items : [arg];
}

function tensorsAt(call: HigherOrderCall, index: number): TensorValue[] {
  return valuesAt(call, index).map(asTensor);
}

function asTensor(value: Value): TensorValue {
  if (value instanceof TensorValue) return value;
  throw invalid("a loop over something that is no tensor");
}

function result(values: readonly Value[]): Value {
  return values.length === 1 ? (values[0] ?? null) : new TupleValue(values);
}

/** The graph is called with whatever comes behind it; what comes before it (a mode, a dtype) has no effect on values. */
function inline(call: HigherOrderCall, context = call.context): Value {
  const at = call.args.findIndex(isGraph);
  const rest = call.args.slice(at + 1).filter((arg) => !isGraph(arg) && typeof arg !== "string");
  const inputs = rest.flatMap((arg) => (isGraph(arg) ? [] : arg instanceof ListValue ? arg.content : [arg]));
  return result(call.walk(graphAt(call, at), inputs, context));
}

/** `wrap_with_autocast(device, dtype, enabled, cache_enabled, graph, …)`. */
function withAutocast(call: HigherOrderCall): Value {
  const [, dtype = null, enabled = null] = call.args;
  if (isGraph(dtype) || isGraph(enabled)) throw invalid("wrap_with_autocast without its arguments");
  return inline(call, { ...call.context, autocast: autocastType(dtype, enabled) });
}

/** `with_effects(token, op, …)`: the operator's results behind the token that orders effects. Checks have no results. */
function withEffects(call: HigherOrderCall): Value {
  const [token = null, target, ...args] = call.args;
  const operator = typeof target === "string" ? namedOperator(target) : null;
  if (operator === null || isGraph(token)) throw invalid("with_effects without an operator");
  if (ignoredOperators.has(operator.name)) return new TupleValue([token, null]);
  const values = args.flatMap((arg) => (isGraph(arg) ? [] : [arg]));
  const found = callOperator(operator.name, operator.overload, values, new Map(), call.context.builder);
  return new TupleValue([token, ...(found instanceof TupleValue ? found.items : [found])]);
}

function frameOf(call: HigherOrderCall, locals: Map<string, Value> = new Map()): Frame {
  return { context: call.context, locals, file: "" };
}

function cond(call: HigherOrderCall): Value {
  const [predicate] = call.args;
  if (predicate === undefined || isGraph(predicate)) throw invalid("cond without a condition");
  const operands = valuesAt(call, 3);
  const arm = (index: number) => () => ({ returned: result(call.walk(graphAt(call, index), operands, call.context)) });
  const test = truth(predicate, call.context.builder);
  if (typeof test === "boolean") return arm(test ? 1 : 2)().returned;
  const arms = { whenTrue: arm(1), whenFalse: arm(2) };
  const completion = branch(frameOf(call), test, { ...arms, toTheEnd: arms });
  if (completion === null || typeof completion === "string") throw invalid("cond without a result");
  return completion.returned;
}

function whileLoop(call: HigherOrderCall): Value {
  const { builder } = call.context;
  const more = valuesAt(call, 3);
  const again = (state: readonly Value[]) => {
    const [answer = null] = call.walk(graphAt(call, 0), [...state, ...more], call.context);
    return truth(answer, builder);
  };
  const step = (state: readonly Value[]) => call.walk(graphAt(call, 1), [...state, ...more], call.context);
  let state = valuesAt(call, 2);
  let test = again(state);
  for (let round = 0; test === true && round < writtenOut; round++) {
    state = step(state);
    test = again(state);
  }
  if (test === false) return new TupleValue(state);
  const names = state.map((_, i) => `carried ${i}`);
  const frame = frameOf(call, new Map(state.map((value, i) => [`carried ${i}`, value])));
  const locals = () => names.map((name) => frame.locals.get(name) ?? null);
  symbolicLoop(frame, {
    rounds: null,
    condition: test === true ? null : test,
    body() {
      step(locals()).forEach((value, i) => frame.locals.set(`carried ${i}`, value));
      return null;
    },
    again: () => again(locals()),
  });
  return new TupleValue(locals());
}

function rowsOf(tensors: readonly TensorValue[]): number {
  const rows = tensors[0]?.shape[0] ?? 0;
  if (rows > mostRounds) throw unsupported(`a loop over ${rows} rows`);
  return rows;
}

function row(tensor: TensorValue, index: number, call: HigherOrderCall): TensorValue {
  const args = [tensor, 0n, BigInt(index)];
  return asTensor(callOperator("aten::select", "int", args, new Map(), call.context.builder));
}

function stack(rows: readonly Value[], call: HigherOrderCall): Value {
  return callOperator("aten::stack", "", [new ListValue(rows), 0n], new Map(), call.context.builder);
}

/** `map_impl(f, xs, pos_args)`: f for each row, results stacked. torch 2.1: `map_impl(f, how many xs, *xs, *pos_args)`. */
function mapRows(call: HigherOrderCall): Value {
  const [, count, ...flat] = call.args;
  const given = flat.flatMap((arg) => (isGraph(arg) ? [] : [arg]));
  const isCounted = typeof count === "bigint";
  const xs = isCounted ? given.slice(0, Number(count)).map(asTensor) : tensorsAt(call, 1);
  const more = isCounted ? given.slice(Number(count)) : valuesAt(call, 2);
  const results = Array.from({ length: rowsOf(xs) }, (_, i) =>
    call.walk(graphAt(call, 0), [...xs.map((x) => row(x, i, call)), ...more], call.context),
  );
  return stacked(results, call);
}

function stacked(results: readonly (readonly Value[])[], call: HigherOrderCall): Value {
  const [first = []] = results;
  return new TupleValue(
    first.map((_, part) =>
      stack(
        results.map((values) => values[part] ?? null),
        call,
      ),
    ),
  );
}

/** `scan(f, init, xs, additional_inputs)`: the carried values, then the stacked ones. */
function scan(call: HigherOrderCall): Value {
  let carried = valuesAt(call, 1);
  const xs = tensorsAt(call, 2);
  const more = call.args.slice(3).flatMap((arg) => (arg instanceof ListValue ? arg.content : []));
  const results: Value[][] = [];
  for (let i = 0; i < rowsOf(xs); i++) {
    const inputs = [...carried, ...xs.map((x) => row(x, i, call)), ...more];
    const values = call.walk(graphAt(call, 0), inputs, call.context);
    carried = values.slice(0, carried.length);
    results.push(values.slice(carried.length));
  }
  const rest = stacked(results, call);
  return new TupleValue([...carried, ...(rest instanceof TupleValue ? rest.items : [])]);
}
