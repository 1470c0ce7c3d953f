/**
 * A node of the Python syntax tree, named as ruff names it (`StmtImport`, `ExprCall`, `ExprName` …); fields as there.
 * Names are strings, absent things null, byte strings lists of numbers, integers beyond 2^53 strings.
 */
export interface SyntaxNode {
  readonly kind: string;
  /** UTF-8 byte offsets. */
  readonly start: number;
  readonly end: number;
  readonly fields: Readonly<Record<string, SyntaxValue>>;
}

export type SyntaxValue = SyntaxNode | readonly SyntaxValue[] | string | number | boolean | null;

function isNode(value: SyntaxValue | undefined): value is SyntaxNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field's node, or null. */
export function nodeIn(node: SyntaxNode, field: string): SyntaxNode | null {
  const value = node.fields[field];
  return isNode(value) ? value : null;
}

/** The nodes of a field that holds a list; empty for anything else. */
export function nodesIn(node: SyntaxNode, field: string): readonly SyntaxNode[] {
  const value = node.fields[field];
  return Array.isArray(value) ? value.filter((item) => isNode(item)) : [];
}

/** A name or text in a field, or null. Identifiers count as their name. */
export function textIn(node: SyntaxNode, field: string): string | null {
  const value = node.fields[field];
  if (typeof value === "string") return value;
  return isNode(value) && value.kind === "Identifier" ? textIn(value, "id") : null;
}

/** Direct children in the order of the source's grammar. */
export function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  const collect = (value: SyntaxValue): void => {
    if (isNode(value)) found.push(value);
    else if (Array.isArray(value)) for (const item of value) collect(item);
  };
  for (const value of Object.values(node.fields)) collect(value);
  return found;
}

/** The node and everything below it, parents first. */
export function* walk(node: SyntaxNode): Generator<SyntaxNode> {
  const waiting = [node];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    yield next;
    waiting.push(...children(next).toReversed());
  }
}

/** `a.b.c` for a name or a chain of attributes, null for any other expression. */
export function dottedName(node: SyntaxNode | null): string | null {
  const parts: string[] = [];
  let at = node;
  while (at?.kind === "ExprAttribute") {
    parts.unshift(textIn(at, "attr") ?? "");
    at = nodeIn(at, "value");
  }
  const first = at?.kind === "ExprName" ? textIn(at, "id") : null;
  return first === null ? null : [first, ...parts].join(".");
}
