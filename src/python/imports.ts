import type { Position, PythonSource } from "./parse-python.ts";
import { children, dottedName, nodeIn, nodesIn, type SyntaxNode, textIn } from "./syntax.ts";

export interface PythonImport extends Position {
  /** `a.b` of `import a.b` and `from a.b import c`; empty for `from . import c`. */
  readonly module: string;
  /** Leading dots. */
  readonly level: number;
  /** What is imported from the module (`*` for all); null for `import a.b`. */
  readonly name: string | null;
  readonly boundAs: string;
  /** Its failure is caught (`try … except ImportError`), or it is for type checkers only. */
  readonly soft: boolean;
  /** Inside of a function: runs when that is called. */
  readonly deferred: boolean;
}

interface Place {
  readonly soft: boolean;
  readonly deferred: boolean;
}

const catching = new Set(["ImportError", "ModuleNotFoundError", "Exception", "BaseException"]);

/** Every import statement of a module, wherever it stands, in the order of the source. */
export function readImports(tree: SyntaxNode, source: PythonSource): PythonImport[] {
  const found: PythonImport[] = [];
  visit(tree, { soft: false, deferred: false }, source, found);
  return found;
}

// Recursion is bounded by the nesting that is accepted of a source.
function visit(node: SyntaxNode, place: Place, source: PythonSource, found: PythonImport[]): void {
  if (node.kind === "StmtImport" || node.kind === "StmtImportFrom") {
    found.push(...importsOf(node, place, source));
    return;
  }
  if (node.kind === "StmtTry" && nodesIn(node, "handlers").some(catchesImports)) {
    for (const child of nodesIn(node, "body")) visit(child, { ...place, soft: true }, source, found);
    // What is tried instead may be missing too: the last resort is not known to be one.
    for (const handler of nodesIn(node, "handlers")) visit(handler, { ...place, soft: true }, source, found);
    for (const child of [...nodesIn(node, "orelse"), ...nodesIn(node, "finalbody")]) visit(child, place, source, found);
    return;
  }
  if (node.kind === "StmtIf") {
    const test = nodeIn(node, "test");
    const inside = test !== null && neverOnImport(test) ? { ...place, soft: true } : place;
    for (const child of nodesIn(node, "body")) visit(child, inside, source, found);
    for (const clause of nodesIn(node, "elif_else_clauses")) visit(clause, place, source, found);
    return;
  }
  const inner = node.kind === "StmtFunctionDef" ? { ...place, deferred: true } : place;
  // Only statements hold imports.
  for (const child of children(node)) if (!child.kind.startsWith("Expr")) visit(child, inner, source, found);
}

function catchesImports(handler: SyntaxNode): boolean {
  const type = nodeIn(handler, "type_");
  if (type === null) return true;
  const types = type.kind === "ExprTuple" ? nodesIn(type, "elts") : [type];
  return types.some((one) => catching.has(dottedName(one) ?? ""));
}

function importsOf(node: SyntaxNode, place: Place, source: PythonSource): PythonImport[] {
  const from = node.kind === "StmtImportFrom";
  const level = typeof node.fields["level"] === "number" ? node.fields["level"] : 0;
  return nodesIn(node, "names").map((alias) => {
    const name = textIn(alias, "name") ?? "";
    return {
      module: from ? (textIn(node, "module") ?? "") : name,
      level,
      name: from ? name : null,
      boundAs: textIn(alias, "asname") ?? (from ? name : (name.split(".")[0] ?? "")),
      ...place,
      ...source.position(node.start),
    };
  });
}

/** `if __name__ == "__main__"` and `if TYPE_CHECKING`. */
export function neverOnImport(test: SyntaxNode): boolean {
  if ((dottedName(test) ?? "").split(".").at(-1) === "TYPE_CHECKING") return true;
  return test.kind === "ExprCompare" && nodesIn(test, "operands").some(isMainName);
}

function isMainName(node: SyntaxNode | null): boolean {
  return node !== null && dottedName(node) === "__name__";
}
