import { neverOnImport, type PythonImport, readImports } from "./imports.ts";
import type { PythonSource } from "./parse-python.ts";
import { children, dottedName, nodeIn, nodesIn, type SyntaxNode, textIn } from "./syntax.ts";

export interface PythonFunction {
  readonly name: string;
  /** Positional arguments it can be called with, `self` among them. */
  readonly atLeast: number;
  readonly atMost: number;
  /** Has keyword-only parameters without a default: no positional call succeeds. */
  readonly needsKeywords: boolean;
  /** A decorator may have made anything of it. */
  readonly decorated: boolean;
  readonly node: SyntaxNode;
}

export interface PythonClass {
  readonly name: string;
  /** Dotted names; null for an expression that is none. */
  readonly bases: readonly (string | null)[];
  readonly methods: ReadonlyMap<string, PythonFunction>;
  /** Names assigned in the class body. */
  readonly attributes: ReadonlySet<string>;
  readonly decorated: boolean;
  readonly node: SyntaxNode;
}

/** What a name of the module is bound to, as far as the source tells. */
export type Binding =
  | { readonly kind: "class"; readonly type: PythonClass; readonly certain: boolean }
  | { readonly kind: "function"; readonly function: PythonFunction; readonly certain: boolean }
  | { readonly kind: "import"; readonly module: string; readonly name: string | null; readonly certain: boolean }
  /** `A = B`. */
  | { readonly kind: "alias"; readonly of: string; readonly certain: boolean }
  /** `A = factory(…)`: the dotted name that is called. */
  | { readonly kind: "call"; readonly of: string; readonly node: SyntaxNode; readonly certain: boolean }
  | { readonly kind: "other"; readonly certain: boolean };

/** A module's names after it was imported, told from its source alone. */
export interface PythonModule {
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly imports: readonly PythonImport[];
  readonly source: PythonSource;
  readonly tree: SyntaxNode;
}

/** Null for a source without a tree. */
export function readModule(source: PythonSource): PythonModule | null {
  const { tree } = source;
  if (tree === null) return null;
  const bindings = new Map<string, Binding>();
  bindBody(nodesIn(tree, "body"), true, bindings);
  return { bindings, imports: readImports(tree, source), source, tree };
}

function bindBody(body: readonly SyntaxNode[], certain: boolean, bindings: Map<string, Binding>): void {
  for (const statement of body) bindStatement(statement, certain, bindings);
}

function bindStatement(node: SyntaxNode, certain: boolean, bindings: Map<string, Binding>): void {
  const name = textIn(node, "name") ?? "";
  switch (node.kind) {
    case "StmtClassDef":
      bindings.set(name, { kind: "class", type: readClass(node), certain });
      return;
    case "StmtFunctionDef":
      bindings.set(name, { kind: "function", function: readFunction(node), certain });
      return;
    case "StmtImport":
    case "StmtImportFrom":
      bindImport(node, certain, bindings);
      return;
    case "StmtAssign":
      for (const target of nodesIn(node, "targets")) bindTarget(target, nodeIn(node, "value"), certain, bindings);
      return;
    case "StmtAnnAssign":
    case "StmtTypeAlias": {
      const target = nodeIn(node, "target") ?? nodeIn(node, "name");
      if (target && nodeIn(node, "value")) bindTarget(target, nodeIn(node, "value"), certain, bindings);
      return;
    }
    case "StmtDelete":
      for (const target of nodesIn(node, "targets")) if (certain) bindings.delete(textIn(target, "id") ?? "");
      return;
    default:
      bindBlock(node, certain, bindings);
  }
}

/** Statements that hold statements: what runs only sometimes is uncertain. */
function bindBlock(node: SyntaxNode, certain: boolean, bindings: Map<string, Binding>): void {
  if (node.kind === "StmtIf") {
    const test = nodeIn(node, "test");
    const skipped = test !== null && neverOnImport(test);
    if (!skipped) bindBody(nodesIn(node, "body"), false, bindings);
    for (const clause of nodesIn(node, "elif_else_clauses")) bindBody(nodesIn(clause, "body"), false, bindings);
    return;
  }
  const always = node.kind === "StmtWith" || node.kind === "StmtTry";
  const target = nodeIn(node, "target");
  if (target) bindTarget(target, null, false, bindings);
  for (const item of nodesIn(node, "items")) {
    const bound = nodeIn(item, "optional_vars");
    if (bound) bindTarget(bound, null, certain, bindings);
  }
  bindBody(nodesIn(node, "body"), certain && always, bindings);
  for (const inner of [...nodesIn(node, "handlers"), ...nodesIn(node, "cases")]) {
    bindBody(nodesIn(inner, "body"), false, bindings);
  }
  bindBody(nodesIn(node, "orelse"), certain && always, bindings);
  bindBody(nodesIn(node, "finalbody"), certain, bindings);
}

function bindImport(node: SyntaxNode, certain: boolean, bindings: Map<string, Binding>): void {
  const from = node.kind === "StmtImportFrom";
  const level = typeof node.fields["level"] === "number" ? node.fields["level"] : 0;
  const module = ".".repeat(level) + (textIn(node, "module") ?? "");
  for (const alias of nodesIn(node, "names")) {
    const name = textIn(alias, "name") ?? "";
    const as = textIn(alias, "asname");
    if (from) bindings.set(as ?? name, { kind: "import", module, name, certain });
    else bindings.set(as ?? name.split(".")[0] ?? "", { kind: "import", module: name, name: null, certain });
  }
}

function bindTarget(
  target: SyntaxNode,
  value: SyntaxNode | null,
  certain: boolean,
  bindings: Map<string, Binding>,
): void {
  if (target.kind === "ExprTuple" || target.kind === "ExprList") {
    for (const item of children(target)) bindTarget(item, null, certain, bindings);
    return;
  }
  const name = textIn(target, "id");
  if (target.kind !== "ExprName" || name === null) return;
  const alias = dottedName(value);
  const called = value?.kind === "ExprCall" ? dottedName(nodeIn(value, "func")) : null;
  if (alias !== null) bindings.set(name, { kind: "alias", of: alias, certain });
  else if (called !== null && value) bindings.set(name, { kind: "call", of: called, node: value, certain });
  else bindings.set(name, { kind: "other", certain });
}

function readClass(node: SyntaxNode): PythonClass {
  const methods = new Map<string, PythonFunction>();
  const attributes = new Map<string, Binding>();
  bindBody(nodesIn(node, "body"), true, attributes);
  for (const [name, binding] of attributes) if (binding.kind === "function") methods.set(name, binding.function);
  const given = nodeIn(node, "arguments");
  return {
    name: textIn(node, "name") ?? "",
    bases: given ? nodesIn(given, "args").map((base) => dottedName(base)) : [],
    methods,
    attributes: new Set(attributes.keys()),
    decorated: nodesIn(node, "decorator_list").length > 0 || (given !== null && nodesIn(given, "keywords").length > 0),
    node,
  };
}

function readFunction(node: SyntaxNode): PythonFunction {
  const parameters = nodeIn(node, "parameters");
  const plain = parameters ? [...nodesIn(parameters, "posonlyargs"), ...nodesIn(parameters, "args")] : [];
  const keywordOnly = parameters ? nodesIn(parameters, "kwonlyargs") : [];
  const needed = (list: readonly SyntaxNode[]) => list.filter((one) => nodeIn(one, "default") === null).length;
  return {
    name: textIn(node, "name") ?? "",
    atLeast: needed(plain),
    atMost: parameters && nodeIn(parameters, "vararg") ? Number.POSITIVE_INFINITY : plain.length,
    needsKeywords: needed(keywordOnly) > 0,
    decorated: nodesIn(node, "decorator_list").length > 0,
    node,
  };
}
