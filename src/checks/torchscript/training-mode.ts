import type { JsonObject } from "../../torchscript/exported/json.ts";
import { JsonObject as Json } from "../../torchscript/exported/json.ts";
import { namedOperator, nodesOf } from "../../torchscript/exported/nodes.ts";
import { PickledDict, PickledList, PickledObject, PickledTuple, type Pickled } from "../../torchscript/file/pickled.ts";
import type { TorchScriptFile } from "../../torchscript/file/torchscript-file.ts";
import type { Expression } from "../../torchscript/language/syntax.ts";
import { type Check, type Finding, notApplicable } from "../check.ts";
import { type CodeCall, callsOf, namesFunction, readsAttribute } from "./code-walk.ts";
import { malformed } from "./malformed.ts";
import { torchProgram } from "./torch-program.ts";

export const trainingMode: Check = {
  id: "torchscript/training-mode",
  title: "Model was saved in evaluation mode",
  severity: "error",
  why: "Dropout then drops at random and batch norm normalises by the batch: predictions change from call to call.",
  remedy: "Call model.eval() before torch.jit.trace, torch.jit.script or torch.export.export, and save again.",
  after: [malformed],
  async *run(subject) {
    const program = await torchProgram(subject);
    if (program === null || program.kind === "broken") return notApplicable;
    if (program.kind === "export") yield* exportedFindings(program.graph, program.entry);
    else {
      yield* fixedFindings(program.file, program.entry);
      yield* moduleFindings(program.file, program.entry);
    }
  },
};

interface Family {
  /** Position and name of the argument that says whether to train. */
  readonly flag: readonly [number, string];
  /** An argument that makes the call harmless: a probability of 0, or no running statistics to use instead. */
  readonly harmless: readonly [number, string, "zero" | "none"];
}

const dropout: Family = { flag: [2, "train"], harmless: [1, "p", "zero"] };
const batchNorm: Family = { flag: [5, "training"], harmless: [3, "running_mean", "none"] };

/** Operators of PyTorch that train or not by an argument of their own. */
const families: Readonly<Record<string, Family>> = {
  dropout,
  dropout_: dropout,
  native_dropout: dropout,
  feature_dropout: dropout,
  feature_dropout_: dropout,
  alpha_dropout: dropout,
  alpha_dropout_: dropout,
  feature_alpha_dropout: dropout,
  feature_alpha_dropout_: dropout,
  batch_norm: batchNorm,
  native_batch_norm: batchNorm,
  cudnn_batch_norm: batchNorm,
  _batch_norm_impl_index: batchNorm,
  _native_batch_norm_legit: batchNorm,
};

function familyOf(operator: string): Family | undefined {
  return Object.hasOwn(families, operator) ? families[operator] : undefined;
}

/** Calls whose flag is the constant True: a trace without eval(), or code that never looks at the mode. */
function* fixedFindings(file: TorchScriptFile, entry: string): Generator<Finding> {
  for (const call of callsOf(file.program)) {
    const operator = /^torch\.(\w+)$/.exec(call.callee)?.[1];
    const family = operator === undefined ? undefined : familyOf(operator);
    if (operator === undefined || family === undefined) continue;
    const flag = literal(argument(call, family.flag));
    if (flag !== true && flag !== 1n) continue;
    const [index, name, kind] = family.harmless;
    const spared = literal(argument(call, [index, name]));
    if (kind === "zero" ? Number(spared ?? 1) === 0 : spared === null) continue;
    yield { message: `${operator} is called in training mode`, at: `${entry}/${call.at}` };
  }
}

function argument({ positional, keyword }: CodeCall, [index, name]: readonly [number, string]): Expression | undefined {
  return positional[index] ?? keyword.find(([key]) => key === name)?.[1];
}

/** Undefined for what is no constant. */
function literal(expression: Expression | undefined): null | boolean | bigint | number | string | undefined {
  return expression?.kind === "literal" ? expression.value : undefined;
}

/** Scripted modules: the attribute `training` decides, where the module's code looks at it. */
function* moduleFindings(file: TorchScriptFile, entry: string): Generator<Finding> {
  const looking = new Map<string, boolean>();
  for (const { path, type, attributes } of modulesOf(file.module)) {
    if (attributes.get("training") !== true) continue;
    if (attributes.has("running_mean") && attributes.get("running_mean") === null) continue;
    if (attributes.get("p") === 0) continue;
    let looks = looking.get(type);
    if (looks === undefined) {
      looks = trainsByMode(file, type);
      looking.set(type, looks);
    }
    if (looks) yield { message: `${path} (${shortName(type)}) is in training mode`, at: `${entry}/data.pkl` };
  }
}

function trainsByMode(file: TorchScriptFile, type: string): boolean {
  const definition = file.program.class(type);
  if (definition === null) return false;
  return [...definition.definition.methods.values()].some(
    (method) => readsAttribute(method, "training") && namesFunction(method, /dropout|batch_norm/),
  );
}

interface ModuleView {
  readonly path: string;
  readonly type: string;
  readonly attributes: ReadonlyMap<string, Pickled>;
}

function* modulesOf(root: PickledObject): Generator<ModuleView> {
  const seen = new Set<PickledObject>();
  const open: { value: Pickled; path: string }[] = [{ value: root, path: "" }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (value instanceof PickledList || value instanceof PickledTuple) {
      value.items.forEach((item, i) => open.push({ value: item, path: `${path}[${i}]` }));
    }
    if (!(value instanceof PickledObject) || seen.has(value)) continue;
    seen.add(value);
    const attributes = attributesOf(value);
    yield { path: path === "" ? "the model" : path, type: value.type, attributes };
    const inner = [...attributes].map(([name, item]) => ({
      value: item,
      path: path === "" ? name : `${path}.${name}`,
    }));
    open.push(...inner.toReversed());
  }
}

function attributesOf({ state }: PickledObject): ReadonlyMap<string, Pickled> {
  if (!(state instanceof PickledDict)) return new Map();
  return new Map(state.entries.flatMap(([key, value]) => (typeof key === "string" ? [[key, value] as const] : [])));
}

function shortName(type: string): string {
  return type.replace(/^__torch__\./, "").replace(/\.?___torch_mangle_\d+/g, "");
}

function* exportedFindings(graph: JsonObject, entry: string): Generator<Finding> {
  for (const node of nodesOf(graph)) {
    const name = namedOperator(node.string("target"))?.name.split("::")[1] ?? "";
    const family = familyOf(name);
    // Without running statistics there are none to use instead: instance norm in its decomposed form.
    if (family === undefined || node.string("target").includes(".no_stats")) continue;
    const args = node.list("inputs").map((input) => Json.of(input, "an argument"));
    const unionOf = ([index, key]: readonly [number, string]) => {
      const found = args.find((arg) => arg.value("name") === key) ?? args[index];
      return found?.has("arg") ? found.object("arg").union() : undefined;
    };
    if (unionOf(family.flag)?.[1] !== true) continue;
    const [index, key, kind] = family.harmless;
    const spared = unionOf([index, key]);
    if (kind === "zero" ? spared?.[1] === 0 : spared?.[0] === "as_none") continue;
    yield { message: `${name} is called in training mode`, at: entry };
  }
}
