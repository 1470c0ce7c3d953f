import { invalid } from "../lowering-error.ts";
import { parseFile } from "../language/parse-file.ts";
import type { ClassDefinition, FunctionDefinition, SourceFile } from "../language/syntax.ts";

/** A function or class, and the file it stands in. */
export interface Located<Definition> {
  readonly definition: Definition;
  /** Record of the file, `code/__torch__/…`. */
  readonly file: string;
}

/** The code of a file: classes and functions by qualified name. Files are parsed when they are first asked for. */
export class Program {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #parsed = new Map<string, SourceFile>();

  /** `sources`: text by record name (`code/__torch__/torch/nn/modules/conv.py`). */
  constructor(sources: ReadonlyMap<string, string>) {
    this.#sources = sources;
  }

  class(name: string): Located<ClassDefinition> | null {
    return this.#find(name, (file, last) => file.classes.get(last));
  }

  function(name: string): Located<FunctionDefinition> | null {
    return this.#find(name, (file, last) => file.functions.get(last));
  }

  /** The names of all files. */
  get files(): Iterable<string> {
    return this.#sources.keys();
  }

  /** Throws LoweringError (`invalid`) for text that is not of this language. */
  file(record: string): SourceFile | null {
    const seen = this.#parsed.get(record);
    if (seen !== undefined) return seen;
    const text = this.#sources.get(record);
    if (text === undefined) return null;
    try {
      const file = parseFile(text);
      this.#parsed.set(record, file);
      return file;
    } catch (error) {
      throw error instanceof Error && error.name === "LoweringError" ? invalid(`${record}: ${error.message}`) : error;
    }
  }

  #find<Definition>(
    name: string,
    pick: (file: SourceFile, last: string) => Definition | undefined,
  ): Located<Definition> | null {
    const dot = name.lastIndexOf(".");
    if (dot < 0) return null;
    const record = `code/${name.slice(0, dot).replaceAll(".", "/")}.py`;
    const file = this.file(record);
    const definition = file === null ? undefined : pick(file, name.slice(dot + 1));
    return definition === undefined ? null : { definition, file: record };
  }
}
