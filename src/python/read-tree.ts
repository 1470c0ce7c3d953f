import type { SyntaxNode, SyntaxValue } from "./syntax.ts";

const spaces = /[\s,]*/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const range = /(\d+)\.\.(\d+)/y;
const number = /-?(?:\d+(?:\.\d+)?(?:e-?\d+)?|inf|NaN)/y;
const quoted = /"(?:[^"\\]|\\.)*"/y;
const escape = /\\(?:u\{([0-9a-fA-F]+)\}|(.))/g;
const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "0": "\0" };

/**
 * Reads the syntax tree that ruff prints (Rust's `{:#?}` of its `Mod`). Wrappers of one value (`Some(x)`,
 * `Import(StmtImport {…})`, `Name("os")`) become the value; unit variants (`Load`, `Add`) become strings.
 * Throws SyntaxError for a text that is no such print.
 */
export function readTree(printed: string): SyntaxNode {
  const reader = new Reader(printed);
  const value = reader.value();
  if (typeof value !== "object" || value === null || !("kind" in value)) throw new SyntaxError("no syntax tree");
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  // Recursion is bounded by the nesting that is accepted of a source, see nesting.ts.
  value(): SyntaxValue {
    this.#take(spaces);
    const first = this.#text[this.#at] ?? "";
    if (first === "[") return this.#list("]");
    if (first === '"') return unquote(this.#need(quoted));
    if (/[-0-9]/.test(first)) return toNumber(this.#need(number));
    return this.#named(this.#need(word));
  }

  #named(name: string): SyntaxValue {
    if (this.#text.startsWith(" {", this.#at)) {
      this.#at += 1;
      return this.#struct(name);
    }
    if (this.#text[this.#at] === "(") {
      const items = this.#list(")");
      return items.length === 1 ? (items[0] ?? null) : items;
    }
    if (name === "None") return null;
    if (name === "true") return true;
    return name === "false" ? false : name;
  }

  #list(close: string): SyntaxValue[] {
    this.#at += 1;
    const items: SyntaxValue[] = [];
    while (!this.#ends(close)) items.push(this.value());
    return items;
  }

  #struct(kind: string): SyntaxNode {
    this.#at += 1;
    const fields: Record<string, SyntaxValue> = {};
    let start = 0;
    let end = 0;
    while (!this.#ends("}")) {
      const field = this.#need(word);
      this.#at += 2;
      if (field === "range") {
        const [from = "", to = ""] = this.#need(range).split("..");
        start = Number(from);
        end = Number(to);
      } else {
        const value = this.value();
        if (field !== "node_index") fields[field] = value;
      }
    }
    return { kind, start, end, fields };
  }

  #ends(close: string): boolean {
    this.#take(spaces);
    if (this.#text[this.#at] !== close) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #need(pattern: RegExp): string {
    const found = this.#take(pattern);
    if (found === null) throw new SyntaxError(`unexpected ${this.#text.slice(this.#at, this.#at + 20)}`);
    return found;
  }
}

function unquote(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(escape, (_, code?: string, plain?: string) =>
      code === undefined ? (escapes[plain ?? ""] ?? plain ?? "") : String.fromCodePoint(Number.parseInt(code, 16)),
    );
}

function toNumber(text: string): number | string {
  const value = Number(text);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value;
}
