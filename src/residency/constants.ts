import { dottedName, nodeIn, nodesIn, textIn, type SyntaxNode } from "../python/syntax.ts";
import { lastName, type Scope, type Scopes } from "./scopes.ts";

/** Stands for what is not known inside of a text. */
export const unknown = "\uFFFC";

const mostValues = 16;
const deepest = 24;

/**
 * The texts that an expression can have, as far as constants flow into it: names, attributes, defaults, arguments,
 * concatenation, f-strings, `%`, `format`, dictionaries, and defaults of environment reads. Nothing is executed.
 */
export class Constants {
  readonly #scopes: Scopes;

  constructor(scopes: Scopes) {
    this.#scopes = scopes;
  }

  /** Each possible text once; parts that are not known are `unknown`. Empty when nothing is known. */
  texts(node: SyntaxNode | null): readonly string[] {
    if (node === null) return [];
    const found = this.#texts(node, this.#scopes.of(node), 0, new Set());
    return [...new Set(found)].filter((text) => text.replaceAll(unknown, "") !== "").slice(0, mostValues);
  }

  #texts(node: SyntaxNode, scope: Scope, depth: number, seen: ReadonlySet<SyntaxNode>): string[] {
    if (depth > deepest || seen.has(node)) return [];
    const path = new Set(seen).add(node);
    const inner = (child: SyntaxNode | null) =>
      child === null ? [] : this.#texts(child, this.#scopes.of(child), depth + 1, path);
    switch (node.kind) {
      case "ExprStringLiteral":
        return [stringValue(node)];
      case "ExprFString":
        return this.#joined(node, inner);
      case "ExprBinOp":
        return binary(node, inner);
      case "ExprName":
        return this.#named(textIn(node, "id") ?? "", scope).flatMap(inner);
      case "ExprAttribute":
        return (this.#scopes.attributes.get(textIn(node, "attr") ?? "") ?? []).flatMap(inner);
      case "ExprCall":
        return call(node, inner);
      case "ExprSubscript":
        return this.#subscript(node, inner);
      case "ExprIf":
        return [...inner(nodeIn(node, "body")), ...inner(nodeIn(node, "orelse"))];
      case "ExprBoolOp":
        return nodesIn(node, "values").flatMap(inner);
      case "ExprTuple":
      case "ExprList":
      case "ExprSet":
        return nodesIn(node, "elts").flatMap(inner);
      case "ExprAwait":
      case "ExprNamed":
        return inner(nodeIn(node, "value"));
      default:
        return [];
    }
  }

  #joined(node: SyntaxNode, inner: (child: SyntaxNode | null) => string[]): string[] {
    const value = nodeIn(node, "value");
    const parts = value === null ? [] : fStringElements(value);
    return parts.reduce<string[]>(
      (texts, part) => {
        const next =
          part.kind === "InterpolatedStringLiteralElement"
            ? [textIn(part, "value") ?? ""]
            : orUnknown(inner(nodeIn(part, "expression")));
        return combine(texts, next);
      },
      [""],
    );
  }

  /** What a name is bound to, in the nearest scope that binds it; for a parameter, what is passed for it. */
  #named(name: string, scope: Scope): readonly SyntaxNode[] {
    for (let at: Scope | null = scope; at !== null; at = at.parent) {
      const position = at.parameters.indexOf(name);
      if (position >= 0) return [...(at.bindings.get(name) ?? []), ...this.#passed(at, name, position)];
      const values = at.bindings.get(name);
      if (values !== undefined) return values;
    }
    return [];
  }

  #passed(scope: Scope, name: string, position: number): readonly SyntaxNode[] {
    const own = textIn(scope.node, "name") ?? "";
    const callee = own === "__init__" ? (textIn(scope.parent?.node ?? scope.node, "name") ?? "") : own;
    return (this.#scopes.calls.get(callee) ?? []).flatMap((node) => {
      const value = argument(node, position, name);
      return value === null ? [] : [value];
    });
  }

  #subscript(node: SyntaxNode, inner: (child: SyntaxNode | null) => string[]): string[] {
    const value = nodeIn(node, "value");
    if (value === null) return [];
    const keys = inner(nodeIn(node, "slice"));
    const bound =
      value.kind === "ExprName"
        ? this.#named(textIn(value, "id") ?? "", this.#scopes.of(value))
        : (this.#scopes.attributes.get(lastName(value) ?? "") ?? []);
    return bound.flatMap((dict) =>
      nodesIn(dict, "items").flatMap((item) => {
        const fits = inner(nodeIn(item, "key")).some((key) => keys.length === 0 || keys.includes(key));
        return fits ? inner(nodeIn(item, "value")) : [];
      }),
    );
  }
}

/** An argument by position or by name; null when the call has none. */
export function argument(call: SyntaxNode, position: number, name: string | null): SyntaxNode | null {
  const list = nodeIn(call, "arguments");
  if (list === null) return null;
  const keyword = nodesIn(list, "keywords").find((each) => name !== null && textIn(each, "arg") === name);
  if (keyword) return nodeIn(keyword, "value");
  const at = nodesIn(list, "args")[position];
  return at === undefined || at.kind === "ExprStarred" ? null : at;
}

export function stringValue(node: SyntaxNode): string {
  const value = nodeIn(node, "value");
  const inner = value && nodeIn(value, "inner");
  return (inner && textIn(inner, "value")) ?? "";
}

function fStringElements(value: SyntaxNode): readonly SyntaxNode[] {
  const inner = nodeIn(value, "inner");
  const parts =
    inner?.kind === "FString" ? [inner] : [...nodesIn(value, "inner"), ...(inner ? nodesIn(inner, "elements") : [])];
  return parts.flatMap((part) => (part.kind === "FString" ? [...nodesIn(part, "elements")] : [part]));
}

const orUnknown = (texts: readonly string[]) => (texts.length === 0 ? [unknown] : texts);

function combine(left: readonly string[], right: readonly string[]): string[] {
  return left.flatMap((a) => right.map((b) => a + b)).slice(0, mostValues);
}

function binary(node: SyntaxNode, inner: (child: SyntaxNode | null) => string[]): string[] {
  const left = inner(nodeIn(node, "left"));
  if (node.fields["op"] === "Mod") return left.map((text) => text.replaceAll(/%[sdr]/g, unknown));
  const right = inner(nodeIn(node, "right"));
  // `/` joins paths of pathlib and yarl.
  const between = node.fields["op"] === "Div" ? "/" : "";
  if (node.fields["op"] !== "Add" && between === "") return [];
  if (left.length === 0 && right.length === 0) return [];
  return combine(
    orUnknown(left).map((text) => text + between),
    orUnknown(right),
  );
}

const environmentReads = new Set(["os.getenv", "os.environ.get", "getenv", "environ.get", "os.environ.setdefault"]);
const textMethods = new Set(["strip", "rstrip", "lstrip", "lower", "encode", "decode", "removesuffix", "rstrip"]);
const wrappers = new Set([
  "str",
  "urljoin",
  "urllib.parse.urljoin",
  "parse.urljoin",
  "urllib.request.Request",
  "request.Request",
  "Request",
  "httpx.URL",
  "yarl.URL",
  "URL",
  "Path",
]);

function call(node: SyntaxNode, inner: (child: SyntaxNode | null) => string[]): string[] {
  const callee = nodeIn(node, "func");
  const name = dottedName(callee);
  if (name !== null && environmentReads.has(name)) return inner(argument(node, 1, "default"));
  if (name !== null && wrappers.has(name)) return inner(argument(node, 0, "url"));
  const method = lastName(callee);
  const receiver = callee?.kind === "ExprAttribute" ? nodeIn(callee, "value") : null;
  if (method === "format") return inner(receiver).map((text) => text.replaceAll(/\{[^{}]*\}/g, unknown));
  if (method === "join") return inner(argument(node, 0, null)).slice(0, 1);
  return method !== null && textMethods.has(method) ? inner(receiver) : [];
}
