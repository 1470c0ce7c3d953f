import type { PythonImport } from "../python/imports.ts";
import { nodeIn, textIn, type SyntaxNode } from "../python/syntax.ts";
import type { Scope, Scopes } from "./scopes.ts";

const deepest = 8;

/**
 * Canonical names of what is called: aliases and `from` imports undone, objects named by the call that made them.
 * With `from httpx import Client as C` and `c = C()`, `c.get` is `httpx.Client().get`.
 */
export class CalleeNames {
  readonly #modules: ReadonlyMap<string, string>;
  readonly #scopes: Scopes;

  constructor(imports: readonly PythonImport[], scopes: Scopes) {
    this.#modules = new Map(imports.map((each) => [each.boundAs, importedName(each)]));
    this.#scopes = scopes;
  }

  /** Null for what is not imported and made by nothing known. */
  of(node: SyntaxNode | null, depth = 0): string | null {
    if (node === null || depth > deepest) return null;
    switch (node.kind) {
      case "ExprName":
        return this.#named(node, depth);
      case "ExprAttribute": {
        const owner = this.of(nodeIn(node, "value"), depth + 1);
        const attribute = textIn(node, "attr") ?? "";
        if (owner !== null) return `${owner}.${attribute}`;
        return this.#firstOf(this.#scopes.attributes.get(attribute) ?? [], node, depth);
      }
      case "ExprCall": {
        const callee = this.of(nodeIn(node, "func"), depth + 1);
        return callee === null ? null : `${callee}()`;
      }
      case "ExprAwait":
        return this.of(nodeIn(node, "value"), depth + 1);
      default:
        return null;
    }
  }

  #named(node: SyntaxNode, depth: number): string | null {
    const name = textIn(node, "id") ?? "";
    for (let scope: Scope | null = this.#scopes.of(node); scope !== null; scope = scope.parent) {
      const values = scope.bindings.get(name);
      if (values !== undefined) return this.#firstOf(values, node, depth);
      if (scope.parameters.includes(name)) return null;
    }
    return this.#modules.get(name) ?? null;
  }

  #firstOf(values: readonly SyntaxNode[], from: SyntaxNode, depth: number): string | null {
    for (const value of values) {
      const made = value === from ? null : this.of(value, depth + 1);
      if (made !== null) return made;
    }
    return null;
  }
}

/** `import a.b` binds `a`; `import a.b as x` binds x to `a.b`; `from a import b as x` binds x to `a.b`. */
function importedName(each: PythonImport): string {
  if (each.name !== null) return each.module === "" ? each.name : `${each.module}.${each.name}`;
  return each.boundAs === each.module.split(".")[0] ? each.boundAs : each.module;
}
