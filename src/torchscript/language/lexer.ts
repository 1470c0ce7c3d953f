import { invalid } from "../lowering-error.ts";

export type TokenKind =
  | "name"
  | "int"
  | "float"
  | "imaginary"
  | "string"
  | "symbol"
  | "newline"
  | "indent"
  | "dedent"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** Source text; for strings the decoded value. */
  readonly text: string;
  readonly line: number;
}

/** What is not told by its first character alone: numbers, strings, longer symbols, comments, joined lines. */
const pattern =
  /((?:\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\d+)j?)|("(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*')|(\*\*=|\/\/=|<<=|>>=|->|\*\*|\/\/|<<|>>|<=|>=|==|!=|[-+*/%&|^]=|[-+*/%@&|^~<>=.])|(\\\r?\n)|#[^\n]*/y;

const [letter, digit, blank, opening, closing, single] = [1, 2, 3, 4, 5, 6];

/** What begins with a character; 0 is left to the pattern. */
const kinds: Uint8Array = (() => {
  const table = new Uint8Array(128);
  const set = (characters: string, kind: number): void => {
    for (const character of characters) table[character.charCodeAt(0)] = kind;
  };
  set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", letter);
  set("0123456789", digit);
  set(" \t\r\f", blank);
  set("([{", opening);
  set(")]}", closing);
  set(",:;", single);
  return table;
})();

/** Splits a file of the serialised language into tokens; blocks become `indent` and `dedent`. */
export function tokenize(source: string): Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  readonly #indents = [0];
  #line = 1;
  #depth = 0;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    this.#startLine();
    while (this.#at < this.#source.length) this.#step();
    this.#push("newline", "\n");
    this.#indentTo(0);
    this.#push("end", "");
    return this.#tokens;
  }

  #push(kind: TokenKind, text: string): void {
    this.#tokens.push({ kind, text, line: this.#line });
  }

  #step(): void {
    const code = this.#source.charCodeAt(this.#at);
    const kind = code < 128 ? kinds[code] : 0;
    if (kind === blank) this.#at += 1;
    else if (kind === letter) this.#name();
    else if (kind === single || kind === opening || kind === closing) this.#bracket(kind);
    else if (code === 10) this.#newline();
    else this.#longer();
  }

  #name(): void {
    const start = this.#at;
    let end = start + 1;
    for (let code = this.#source.charCodeAt(end); code < 128; code = this.#source.charCodeAt(end)) {
      if (kinds[code] !== letter && kinds[code] !== digit) break;
      end += 1;
    }
    this.#at = end;
    this.#push("name", this.#source.slice(start, end));
  }

  #bracket(kind: number): void {
    if (kind === opening) this.#depth += 1;
    else if (kind === closing) this.#depth = Math.max(0, this.#depth - 1);
    this.#push("symbol", this.#source[this.#at]);
    this.#at += 1;
  }

  #newline(): void {
    if (this.#depth === 0 && this.#tokens.at(-1)?.kind !== "newline") this.#push("newline", "\n");
    this.#line += 1;
    this.#at += 1;
    if (this.#depth === 0) this.#startLine();
  }

  #longer(): void {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found === null) {
      const rest = JSON.stringify(this.#source.slice(this.#at, this.#at + 12));
      throw invalid(`line ${this.#line}: unexpected ${rest}`);
    }
    this.#at = pattern.lastIndex;
    const [, number, quoted, symbol, joined] = found;
    if (symbol !== undefined) this.#push("symbol", symbol);
    else if (number !== undefined) this.#push(numberKind(number), number);
    else if (quoted !== undefined) this.#push("string", unquote(quoted));
    else if (joined !== undefined) this.#line += 1;
  }

  /** The blanks that a line begins with say which block it is of, unless nothing follows them. */
  #startLine(): void {
    const start = this.#at;
    while (this.#source[this.#at] === " " || this.#source[this.#at] === "\t") this.#at += 1;
    const next = this.#source[this.#at];
    if (next !== undefined && next !== "\n" && next !== "#" && next !== "\r") this.#indentTo(this.#at - start);
  }

  #indentTo(width: number): void {
    const present = (): number => this.#indents.at(-1) ?? 0;
    if (width > present()) {
      if (this.#indents.length > 200) throw invalid(`line ${this.#line}: blocks are nested too deeply`);
      this.#indents.push(width);
      this.#push("indent", "");
    }
    while (width < present()) {
      this.#indents.pop();
      this.#push("dedent", "");
    }
  }
}

function numberKind(text: string): TokenKind {
  if (text.endsWith("j")) return "imaginary";
  return /^\d+$/.test(text) ? "int" : "float";
}

const escapes: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  "\\": 92,
  "'": 39,
  '"': 34,
};

/** C escapes stand for bytes, which together are UTF-8. */
function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  const parts: Buffer[] = [];
  let at = 0;
  for (const found of inner.matchAll(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[^])/g)) {
    parts.push(Buffer.from(inner.slice(at, found.index)));
    at = found.index + found[0].length;
    const code = found[1];
    if (code.startsWith("x") && code.length === 3) parts.push(Buffer.of(Number.parseInt(code.slice(1), 16)));
    else if (/^[0-7]/.test(code)) parts.push(Buffer.of(Number.parseInt(code, 8) & 255));
    else parts.push(escapes[code] === undefined ? Buffer.from(found[0]) : Buffer.of(escapes[code]));
  }
  parts.push(Buffer.from(inner.slice(at)));
  return Buffer.concat(parts).toString("utf8");
}
