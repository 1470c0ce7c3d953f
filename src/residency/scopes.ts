import { children, nodeIn, nodesIn, textIn, type SyntaxNode } from "../python/syntax.ts";

/** A module, class or function with what its names are bound to, whatever the order of execution. */
export interface Scope {
  readonly node: SyntaxNode;
  readonly parent: Scope | null;
  readonly bindings: Map<string, SyntaxNode[]>;
  /** Names of parameters, in order, without `self`. */
  readonly parameters: readonly string[];
}

/** Every scope of a module, and the scope that each expression stands in. */
export interface Scopes {
  of(node: SyntaxNode): Scope;
  readonly all: readonly Scope[];
  /** `self.name = …` in methods and `name = …` in class bodies, by attribute. */
  readonly attributes: ReadonlyMap<string, readonly SyntaxNode[]>;
  /** Calls by the last part of the callee's name: where arguments of parameters come from. */
  readonly calls: ReadonlyMap<string, readonly SyntaxNode[]>;
}

export function readScopes(tree: SyntaxNode): Scopes {
  const places = new Map<SyntaxNode, Scope>();
  const all: Scope[] = [];
  const attributes = new Map<string, SyntaxNode[]>();
  const calls = new Map<string, SyntaxNode[]>();
  const open = (node: SyntaxNode, parent: Scope | null): Scope => {
    const scope: Scope = { node, parent, bindings: new Map(), parameters: parametersOf(node) };
    for (const [name, value] of defaultsOf(node)) add(scope.bindings, name, value);
    all.push(scope);
    return scope;
  };
  const visit = (node: SyntaxNode, scope: Scope): void => {
    places.set(node, scope);
    bind(node, scope, attributes);
    if (node.kind === "ExprCall") add(calls, lastName(nodeIn(node, "func")) ?? "", node);
    const opens = node.kind === "StmtFunctionDef" || node.kind === "StmtClassDef" || node.kind === "ExprLambda";
    const inner = opens ? open(node, scope) : scope;
    for (const child of children(node)) visit(child, inner);
  };
  const root = open(tree, null);
  places.set(tree, root);
  for (const child of children(tree)) visit(child, root);
  return { of: (node) => places.get(node) ?? root, all, attributes, calls };
}

function add(map: Map<string, SyntaxNode[]>, name: string, value: SyntaxNode): void {
  const list = map.get(name);
  if (list) list.push(value);
  else map.set(name, [value]);
}

/** The name that is called: `post` of `requests.post`. */
export function lastName(callee: SyntaxNode | null): string | null {
  if (callee?.kind === "ExprAttribute") return textIn(callee, "attr");
  return callee?.kind === "ExprName" ? textIn(callee, "id") : null;
}

function bind(node: SyntaxNode, scope: Scope, attributes: Map<string, SyntaxNode[]>): void {
  for (const item of node.kind === "StmtWith" ? nodesIn(node, "items") : []) {
    const context = nodeIn(item, "context_expr");
    if (context !== null) bindTarget(nodeIn(item, "optional_vars"), context, scope, attributes);
  }
  const value = nodeIn(node, "value");
  if (value === null) return;
  const targets = node.kind === "StmtAssign" ? nodesIn(node, "targets") : [nodeIn(node, "target")];
  if (!["StmtAssign", "StmtAnnAssign", "StmtAugAssign", "ExprNamed"].includes(node.kind)) return;
  for (const target of targets) bindTarget(target, value, scope, attributes);
}

function bindTarget(
  target: SyntaxNode | null,
  value: SyntaxNode,
  scope: Scope,
  attributes: Map<string, SyntaxNode[]>,
): void {
  if (target?.kind === "ExprName") {
    const name = textIn(target, "id") ?? "";
    add(scope.bindings, name, value);
    if (scope.node.kind === "StmtClassDef") add(attributes, name, value);
  } else if (target?.kind === "ExprAttribute") {
    add(attributes, textIn(target, "attr") ?? "", value);
  } else if (target?.kind === "ExprTuple" || target?.kind === "ExprList") {
    const values = value.kind === "ExprTuple" || value.kind === "ExprList" ? nodesIn(value, "elts") : [];
    nodesIn(target, "elts").forEach((inner, i) => {
      const part = values[i];
      if (part !== undefined) bindTarget(inner, part, scope, attributes);
    });
  }
}

function parameterNodes(node: SyntaxNode): readonly SyntaxNode[] {
  const parameters = nodeIn(node, "parameters");
  if (node.kind !== "StmtFunctionDef" || parameters === null) return [];
  return ["posonlyargs", "args", "kwonlyargs"].flatMap((field) => [...nodesIn(parameters, field)]);
}

function parameterName(parameter: SyntaxNode): string {
  const inner = nodeIn(parameter, "parameter");
  return (inner && textIn(inner, "name")) ?? "";
}

function parametersOf(node: SyntaxNode): readonly string[] {
  const names = parameterNodes(node).map(parameterName);
  return names[0] === "self" || names[0] === "cls" ? names.slice(1) : names;
}

function* defaultsOf(node: SyntaxNode): Generator<[string, SyntaxNode]> {
  for (const parameter of parameterNodes(node)) {
    const value = nodeIn(parameter, "default");
    if (value !== null) yield [parameterName(parameter), value];
  }
}
