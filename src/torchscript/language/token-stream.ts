import { invalid, LoweringError } from "../lowering-error.ts";
import type { Token, TokenKind } from "./lexer.ts";

const deepestNesting = 400;

/** Tokens with one of lookahead, and a guard against nesting that would exhaust the stack. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.#tokens[this.#at] ?? this.#tokens[this.#tokens.length - 1];
  }

  peek(offset: number): Token {
    return this.#tokens[this.#at + offset] ?? this.#tokens[this.#tokens.length - 1];
  }

  next(): Token {
    const { token } = this;
    this.#at++;
    return token;
  }

  is(text: string): boolean {
    const { kind, text: present } = this.token;
    return present === text && (kind === "symbol" || kind === "name");
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at++;
    return true;
  }

  acceptKind(kind: TokenKind): boolean {
    if (this.token.kind !== kind) return false;
    this.#at++;
    return true;
  }

  expect(text: string): Token {
    if (!this.is(text)) throw this.wrong(`"${text}"`);
    return this.next();
  }

  expectKind(kind: TokenKind): Token {
    if (this.token.kind !== kind) throw this.wrong(`a ${kind}`);
    return this.next();
  }

  wrong(expected: string): LoweringError {
    const { line, kind, text } = this.token;
    return invalid(
      `line ${line}: expected ${expected}, found ${text.trim() === "" ? kind : JSON.stringify(text.slice(0, 40))}`,
    );
  }

  nested<Result>(parse: () => Result): Result {
    if (++this.#depth > deepestNesting) throw new LoweringError("limit", `line ${this.token.line}: nested too deeply`);
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }
}
