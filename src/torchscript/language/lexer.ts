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

const pattern =
  /([A-Za-z_][A-Za-z_0-9]*)|((?:\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\d+)j?)|("(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*')|(\*\*=|\/\/=|<<=|>>=|->|\*\*|\/\/|<<|>>|<=|>=|==|!=|[-+*/%&|^]=|[-+*/%@&|^~<>=()[\]{},:.;])|([ \t\r\f]+|\\\r?\n|#[^\n]*)|(\n)/y;

/** Splits a file of the serialised language into tokens; blocks become `indent` and `dedent`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const indents = [0];
  let line = 1;
  let depth = 0;
  let at = 0;
  let fresh = true;
  while (at < source.length) {
    if (fresh && depth === 0) {
      const width = blankWidth(source, at);
      at += width;
      if (source[at] !== "\n" && source[at] !== "#" && source[at] !== "\r" && at < source.length) {
        indentTo(width, indents, tokens, line);
      }
      fresh = false;
      continue;
    }
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found === null) throw invalid(`line ${line}: unexpected ${JSON.stringify(source.slice(at, at + 12))}`);
    at = pattern.lastIndex;
    const [text, name, number, quoted, symbol, , newline] = found;
    if (newline !== undefined) {
      if (depth === 0 && tokens.at(-1)?.kind !== "newline") tokens.push({ kind: "newline", text: "\n", line });
      line++;
      fresh = depth === 0;
    } else if (name !== undefined) tokens.push({ kind: "name", text: name, line });
    else if (number !== undefined) tokens.push({ kind: numberKind(number), text: number, line });
    else if (quoted !== undefined) tokens.push({ kind: "string", text: unquote(quoted), line });
    else if (symbol !== undefined) {
      if ("([{".includes(symbol)) depth++;
      else if (")]}".includes(symbol)) depth = Math.max(0, depth - 1);
      tokens.push({ kind: "symbol", text: symbol, line });
    } else if (text.includes("\n")) line++;
  }
  tokens.push({ kind: "newline", text: "\n", line });
  indentTo(0, indents, tokens, line);
  tokens.push({ kind: "end", text: "", line });
  return tokens;
}

function blankWidth(source: string, at: number): number {
  let width = 0;
  while (source[at + width] === " " || source[at + width] === "\t") width++;
  return width;
}

function indentTo(width: number, indents: number[], tokens: Token[], line: number): void {
  const present = () => indents.at(-1) ?? 0;
  if (width > present()) {
    if (indents.length > 200) throw invalid(`line ${line}: blocks are nested too deeply`);
    indents.push(width);
    tokens.push({ kind: "indent", text: "", line });
  }
  while (width < present()) {
    indents.pop();
    tokens.push({ kind: "dedent", text: "", line });
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
