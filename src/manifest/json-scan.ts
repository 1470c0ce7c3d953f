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
const spacePattern = /[ \t\n\r]*/y;
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

class Scanner {
  readonly #text: string;
  readonly #limits: JsonLimits;
  readonly #issues: ManifestIssue[] = [];
  #at = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  run(): ManifestIssue[] {
    try {
      this.#value("", 0);
      this.#space();
      if (this.#at < this.#text.length) this.#fail("syntax", "", `unexpected ${this.#here()}`);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    return this.#issues;
  }

  // Recursion is bounded by limits.depth.
  #value(pointer: string, depth: number): void {
    this.#space();
    const char = this.#text[this.#at];
    if (char === "{" || char === "[") {
      if (depth >= this.#limits.depth) this.#fail("depth", pointer, `nested deeper than ${this.#limits.depth}`);
      this.#at += 1;
      if (char === "{") this.#object(pointer, depth + 1);
      else this.#array(pointer, depth + 1);
    } else if (char === '"') {
      this.#string(pointer);
    } else if (!this.#word("true") && !this.#word("false") && !this.#word("null")) {
      this.#number(pointer);
    }
  }

  #object(pointer: string, depth: number): void {
    const keys = new Set<string>();
    if (this.#skip("}")) return;
    do {
      this.#space();
      if (this.#text[this.#at] !== '"')
        this.#fail("syntax", pointer, `expected a key in quotes, found ${this.#here()}`);
      const key = this.#string(pointer);
      const child = pointer + pointerStep(key);
      if (keys.has(key))
        this.#report("duplicate-key", child, "the key occurs twice; parsers disagree which one counts");
      if (dangerousKeys.has(key)) this.#report("dangerous-key", child, "a key that attacks JavaScript programs");
      keys.add(key);
      if (!this.#skip(":")) this.#fail("syntax", child, `expected a colon, found ${this.#here()}`);
      this.#value(child, depth);
    } while (this.#skip(","));
    if (!this.#skip("}")) this.#fail("syntax", pointer, `expected , or }, found ${this.#here()}`);
  }

  #array(pointer: string, depth: number): void {
    if (this.#skip("]")) return;
    let index = 0;
    do {
      this.#value(pointer + pointerStep(index), depth);
      index += 1;
    } while (this.#skip(","));
    if (!this.#skip("]")) this.#fail("syntax", pointer, `expected , or ], found ${this.#here()}`);
  }

  #string(pointer: string): string {
    stringPattern.lastIndex = this.#at;
    let match: RegExpExecArray | null;
    try {
      match = stringPattern.exec(this.#text);
    } catch {
      return this.#fail("syntax", pointer, "a string is too long");
    }
    if (match === null)
      return this.#fail("syntax", pointer, `a string is not closed or has a bad escape${this.#place()}`);
    this.#at += match[0].length;
    const value: unknown = JSON.parse(match[0]);
    const string = typeof value === "string" ? value : "";
    if (/\p{Surrogate}/u.test(string))
      this.#report("surrogate", pointer, "half of a surrogate pair; no text can hold it");
    return string;
  }

  #number(pointer: string): void {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.#text);
    if (match === null) return this.#fail("syntax", pointer, `unexpected ${this.#here()}`);
    this.#at += match[0].length;
    if (match[0].length > this.#limits.numberLength) {
      this.#report("number", pointer, `a number of ${match[0].length} characters`);
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
    spacePattern.lastIndex = this.#at;
    this.#at += spacePattern.exec(this.#text)?.[0].length ?? 0;
  }

  #here(): string {
    const char = this.#text[this.#at];
    return (char === undefined ? "the end" : JSON.stringify(char)) + this.#place();
  }

  #place(): string {
    const before = this.#text.slice(0, this.#at).split("\n");
    return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  }

  #report(rule: ManifestRule, pointer: string, message: string): void {
    this.#issues.push({ rule, pointer, message, severity: "error" });
    if (this.#issues.length >= maximumIssues) throw new Stop();
  }

  #fail(rule: ManifestRule, pointer: string, message: string): never {
    this.#report(rule, pointer, message);
    throw new Stop();
  }
}
