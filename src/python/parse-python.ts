import type { Workspace } from "@astral-sh/ruff-wasm-nodejs";
import { setFlagsFromString } from "node:v8";
import { nestingOf } from "./nesting.ts";
import { isPlain } from "./plain-syntax.ts";
import { readTree } from "./read-tree.ts";
import type { SyntaxNode } from "./syntax.ts";

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

export interface PythonError extends Position {
  readonly message: string;
}

/** What ruff's parser says of a source. Nothing is executed. */
export interface PythonSource {
  /** In order; empty for valid Python. */
  readonly errors: readonly PythonError[];
  /** Null where there are errors, or the source is too large or too deep to be read whole. */
  readonly tree: SyntaxNode | null;
  /** Where a byte offset of the tree lies. */
  position(offset: number): Position;
}

/** CPython's own limits: 200 brackets (`MAXSTACK` of its tokenizer), 100 levels of indentation. */
const maxBrackets = 200;
/** Deeper trees take seconds to print; sources of people stay below 30. */
const maxDepth = 90;
/** Characters; the largest handlers known have 60,000. */
const maxLength = 512 * 1024;
/** The parser recurses on JavaScript's stack; above this it was seen to overflow. */
const maxParserDepth = 1500;

/**
 * Rules of ruff that report what CPython's compiler refuses and ruff's parser lets pass: statements outside of their
 * function or loop, late `__future__` imports, `global` after use, `await` and `async with` outside of `async`.
 */
const compilerRules = "F404 F406 F407 F622 F701 F702 F704 F706 F707 PLE0115 PLE0117 PLE0118 PLE1142".split(" ");

interface Diagnostic {
  readonly code: string | null;
  readonly message: string;
  readonly start_location: { readonly row: number; readonly column: number };
}

interface Ruff {
  /** Throws for a source that the parser refuses. */
  comments(source: string): string;
  /** What the parser refuses, and what the rules find. */
  check(source: string): readonly Diagnostic[];
  parse(source: string): string;
}

let loading: Promise<Ruff> | undefined;

async function loadRuff(): Promise<Ruff> {
  // A handler is parsed once: compile the functions it needs, and do not optimise 10 MB of WebAssembly in the
  // background (measured: 4.5 s of CPU time and 500 MB without these, 0.9 s and 180 MB with them; validating each
  // function only when it is compiled saves another 50 ms).
  const lazy = ["--wasm-lazy-compilation", "--wasm-lazy-validation"];
  for (const flag of [...lazy, "--no-wasm-dynamic-tiering", "--no-wasm-tier-up"]) {
    setFlagsFromString(flag);
  }
  const { Workspace, PositionEncoding } = await import("@astral-sh/ruff-wasm-nodejs");
  const parser = new Workspace({}, PositionEncoding.Utf16);
  // The newest grammar: which Python a server runs is not known, and older syntax stays valid.
  const settings = { "target-version": "py314", lint: { preview: true, select: compilerRules, ignore: [] } };
  let checker: Workspace | undefined;
  return {
    comments: (source) => parser.comments(source),
    parse: (source) => parser.parse(source),
    check: (source) => (checker ??= new Workspace(settings, PositionEncoding.Utf16)).check(source),
  };
}

/** Parses Python source with ruff's parser (WebAssembly, loaded at the first call). Never throws for a bad source. */
export async function parsePython(source: string): Promise<PythonSource> {
  const position = positions(source);
  const failed = (message: string): PythonSource => ({
    errors: [{ message, line: 1, column: 1 }],
    tree: null,
    position,
  });
  if (source.includes("\0")) return failed("source code cannot contain null bytes");
  const nesting = nestingOf(source);
  if (nesting.brackets > maxBrackets) return failed("too many nested parentheses");
  if (source.length > maxLength || nesting.depth > maxParserDepth) return { errors: [], tree: null, position };
  const ruff = await (loading ??= loadRuff());
  const text = source.startsWith("\uFEFF") ? source.slice(1) : source;
  try {
    const tree = nesting.depth <= maxDepth && parses(ruff, text) ? readTree(ruff.parse(text)) : null;
    // Compiling the checker's WebAssembly takes longer than everything else that is done for a handler.
    if (tree !== null && isPlain(tree)) return { errors: [], tree, position: positions(text) };
    const errors = ruff.check(text).map(({ message, start_location: { row, column } }) => {
      return { message, line: row, column };
    });
    return { errors, tree: errors.length > 0 ? null : tree, position: positions(text) };
  } catch (error) {
    // The parser's own failure (a panic, its stack) says nothing of the source: it stays unread.
    if (error instanceof Error) return { errors: [], tree: null, position };
    throw error;
  }
}

function parses(ruff: Ruff, source: string): boolean {
  try {
    ruff.comments(source);
    return true;
  } catch {
    return false;
  }
}

function positions(source: string): (offset: number) => Position {
  let bytes: Buffer | undefined;
  return (offset) => {
    bytes ??= Buffer.from(source);
    const before = bytes.subarray(0, offset).toString();
    const lines = before.split(/\r\n|\r|\n/);
    return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
  };
}
