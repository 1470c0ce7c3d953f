import { children, nodeIn, nodesIn, type SyntaxNode, type SyntaxValue, textIn } from "./syntax.ts";

/** Where a node stands: what may be said there depends on it. */
interface Place {
  readonly inFunction: boolean;
  readonly inLoop: boolean;
}

const outside: Place = { inFunction: false, inLoop: false };
const inFunction: Place = { inFunction: true, inLoop: false };

const plainStatements = ["Assign", "AugAssign", "AnnAssign", "Assert", "Delete", "Expr", "If", "Pass", "Raise"];
const plainExpressions =
  "Attribute BinOp BoolOp BooleanLiteral BytesLiteral Call Compare Dict DictComp EllipsisLiteral FString Generator If Lambda ListComp NoneLiteral NumberLiteral SetComp Slice StringLiteral Subscript UnaryOp";
const plainKinds = new Set([
  "ExceptHandlerExceptHandler",
  ...plainStatements.map((name) => `Stmt${name}`),
  ...plainExpressions.split(" ").map((name) => `Expr${name}`),
]);
const judgedKind = /^(?:Stmt|Expr|ExceptHandler|Pattern|TypeParam)/;

/**
 * Whether everything in a module is of a kind that CPython compiles wherever its parser takes it, or stands where the
 * compiler wants it: `return` in functions, `break` in loops, no name given twice. False says nothing: the source has
 * something that ruff's checker should see (`async`, `global`, `match`, `yield`, `:=`, `__future__`, starred targets).
 * What the checker tells apart is in `ruff_python_parser/src/semantic_errors.rs`.
 */
export function isPlain(module: SyntaxNode): boolean {
  return children(module).every((node) => plain(node, outside));
}

function plain(node: SyntaxNode, place: Place): boolean {
  const rule = rules[node.kind];
  if (rule) return rule(node, place);
  if (judgedKind.test(node.kind) && !plainKinds.has(node.kind)) return false;
  return allPlain(node, place);
}

const allPlain = (node: SyntaxNode, place: Place): boolean => children(node).every((child) => plain(child, place));

const rules: Readonly<Record<string, (node: SyntaxNode, place: Place) => boolean>> = {
  StmtFunctionDef: (node, place) =>
    node.fields["is_async"] === false && node.fields["type_params"] === null && scope(node, place, inFunction),
  StmtClassDef: (node, place) => node.fields["type_params"] === null && scope(node, place, outside),
  StmtFor: (node, place) => node.fields["is_async"] === false && loop(node, place),
  StmtWhile: (node, place) => loop(node, place),
  StmtWith: (node, place) => node.fields["is_async"] === false && allPlain(node, place),
  StmtTry: (node, place) => node.fields["is_star"] === false && bareHandlerLast(node) && allPlain(node, place),
  StmtReturn: (node, place) => place.inFunction && allPlain(node, place),
  StmtBreak: (_, place) => place.inLoop,
  StmtContinue: (_, place) => place.inLoop,
  StmtImport: (node, place) => node.fields["is_lazy"] !== true && allPlain(node, place),
  StmtImportFrom: (node, place) =>
    node.fields["is_lazy"] !== true &&
    textIn(node, "module") !== "__future__" &&
    nodesIn(node, "names").every((alias) => textIn(alias, "name") !== "*") &&
    allPlain(node, place),
  ExprDictComp: (node, place) => node.fields["key"] !== null && allPlain(node, place),
  Comprehension: (node, place) => node.fields["is_async"] === false && allPlain(node, place),
  ExprList: (node, place) => items(node, "elts", place),
  ExprTuple: (node, place) => items(node, "elts", place),
  ExprSet: (node, place) => items(node, "elts", place),
  Arguments: (node, place) =>
    items(node, "args", place) &&
    allDifferent(nodesIn(node, "keywords").map((keyword) => textIn(keyword, "arg"))) &&
    nodesIn(node, "keywords").every((keyword) => plain(keyword, place)),
  Parameters: (node, place) => allDifferent(parameterNames(node)) && allPlain(node, place),
  ExprName: (node) => node.fields["id"] !== "__debug__",
  Identifier: (node) => node.fields["id"] !== "__debug__",
};

/** A function or class: what is not its body stands outside of it. */
function scope(node: SyntaxNode, around: Place, within: Place): boolean {
  const body = new Set(nodesIn(node, "body"));
  return children(node).every((child) => plain(child, body.has(child) ? within : around));
}

/** The `else` of a loop is no longer in it. */
function loop(node: SyntaxNode, place: Place): boolean {
  const body = new Set(nodesIn(node, "body"));
  return children(node).every((child) => plain(child, body.has(child) ? { ...place, inLoop: true } : place));
}

function bareHandlerLast(node: SyntaxNode): boolean {
  return nodesIn(node, "handlers")
    .slice(0, -1)
    .every((handler) => nodeIn(handler, "type_") !== null);
}

/** Values may be starred, targets are left to the checker. */
function items(node: SyntaxNode, field: string, place: Place): boolean {
  const given = nodesIn(node, field);
  if (node.fields["ctx"] === "Store") return given.every((item) => plain(item, place));
  return given.every((item) => plain((item.kind === "ExprStarred" ? nodeIn(item, "value") : null) ?? item, place));
}

function parameterNames(node: SyntaxNode): (string | null)[] {
  const named = ["posonlyargs", "args", "kwonlyargs"].flatMap((field) => nodesIn(node, field));
  const parameters = [...named.map((one) => nodeIn(one, "parameter")), nodeIn(node, "vararg"), nodeIn(node, "kwarg")];
  return parameters.map((parameter) => parameter && textIn(parameter, "name"));
}

function allDifferent(names: readonly SyntaxValue[]): boolean {
  const given = names.filter((name) => name !== null);
  return new Set(given).size === given.length;
}
