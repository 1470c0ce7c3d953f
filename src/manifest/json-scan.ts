import type { ManifestIssue, ManifestRule } from "./manifest.ts";

export interface JsonLimits {
  /** Nested containers. */
  readonly depth: number;
  /** Characters of one number. */
  readonly numberLength: number;
}

/** More than any manifest or label file needs; a parser differential or a stack overflow needs more. */
const jsonLimits: JsonLimits = { depth: 32, numberLength: 40 };

const dangerousKeys = new Set(["__proto__", "constructor", "prototype"]);
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const maximumIssues = 100;

/** One step of a JSON pointer (RFC 6901). */
export function pointerStep(key: string | number): string {
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/**
 * Reads JSON (RFC 8259) once from start to end and reports what parsers disagree about: duplicate keys (after
 * unescaping), `__proto__` keys, lone surrogates, depth, long numbers, and any syntax that lenient parsers (Gson) let
 * through. After a `syntax` or `depth` issue the rest is unread.
 */
export function scanJson(text: string, limits: JsonLimits = jsonLimits): ManifestIssue[] {
  return new Scanner(text, limits).run();
}

class Stop extends Error {}

/** Space, tab, line feed, carriage return. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

class Scanner {
  readonly #text: string;
  readonly #limits: JsonLimits;
  readonly #issues: ManifestIssue[] = [];
  /** Keys and indices down to where we are. */
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  run(): ManifestIssue[] {
    try {
      this.#value(0);
      this.#space();
      if (this.#at < this.#text.length) this.#fail("syntax", `unexpected ${this.#here()}`);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    return this.#issues;
  }

  // Recursion is bounded by limits.depth.
  #value(depth: number): void {
    this.#space();
    const char = this.#text[this.#at];
    if (char === "{" || char === "[") {
      if (depth >= this.#limits.depth) this.#fail("depth", `nested deeper than ${this.#limits.depth}`);
      this.#at += 1;
      if (char === "{") this.#object(depth + 1);
      else this.#array(depth + 1);
    } else if (char === '"') {
      this.#string();
    } else if (!this.#word("true") && !this.#word("false") && !this.#word("null")) {
      this.#number();
    }
  }

  #object(depth: number): void {
    const keys = new Set<string>();
    if (this.#skip("}")) return;
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail("syntax", `expected a key in quotes, found ${this.#here()}`);
      const key = this.#string();
      this.#path.push(key);
      if (keys.has(key)) this.#report("duplicate-key", "the key occurs twice; parsers disagree which one counts");
      if (dangerousKeys.has(key)) this.#report("dangerous-key", "a key that attacks JavaScript programs");
      keys.add(key);
      if (!this.#skip(":")) this.#fail("syntax", `expected a colon, found ${this.#here()}`);
      this.#value(depth);
      this.#path.pop();
    } while (this.#skip(","));
    if (!this.#skip("}")) this.#fail("syntax", `expected , or }, found ${this.#here()}`);
  }

  #array(depth: number): void {
    if (this.#skip("]")) return;
    let index = 0;
    do {
      this.#path.push(index);
      this.#value(depth);
      this.#path.pop();
      index += 1;
    } while (this.#skip(","));
    if (!this.#skip("]")) this.#fail("syntax", `expected , or ], found ${this.#here()}`);
  }

  #string(): string {
    stringPattern.lastIndex = this.#at;
    let match: RegExpExecArray | null;
    try {
      match = stringPattern.exec(this.#text);
    } catch {
      return this.#fail("syntax", "a string is too long");
    }
    if (match === null) return this.#fail("syntax", `a string is not closed or has a bad escape${this.#place()}`);
    const [literal] = match;
    this.#at += literal.length;
    // The text is well-formed: only an escape can make half of a surrogate pair.
    return literal.includes("\\") ? this.#unescaped(literal) : literal.slice(1, -1);
  }

  #unescaped(literal: string): string {
    const value: unknown = JSON.parse(literal);
    const string = typeof value === "string" ? value : "";
    if (/\p{Surrogate}/u.test(string)) this.#report("surrogate", "half of a surrogate pair; no text can hold it");
    return string;
  }

  #number(): void {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.#text);
    if (match === null) return this.#fail("syntax", `unexpected ${this.#here()}`);
    this.#at += match[0].length;
    if (match[0].length > this.#limits.numberLength) {
      this.#report("number", `a number of ${match[0].length} characters`);
    }
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #skip(char: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #here(): string {
    const char = this.#text[this.#at];
    return (char === undefined ? "the end" : JSON.stringify(char)) + this.#place();
  }

  #place(): string {
    const before = this.#text.slice(0, this.#at).split("\n");
    return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  }

  #report(rule: ManifestRule, message: string): void {
    const pointer = this.#path.map(pointerStep).join("");
    this.#issues.push({ rule, pointer, message, severity: "error" });
    if (this.#issues.length >= maximumIssues) throw new Stop();
  }

  #fail(rule: ManifestRule, message: string): never {
    this.#report(rule, message);
    throw new Stop();
  }
}
