import { isMap, isPair, isScalar, LineCounter, parseAllDocuments, type Document } from "yaml";

/** A YAML file that remembers where each key stands. */
export interface PlacedYaml {
  /** Plain data of each document; anchors are resolved within a bound, tags are data. */
  readonly documents: readonly unknown[];
  /** Syntax errors with their place. */
  readonly errors: readonly { readonly message: string; readonly line: number; readonly column: number }[];
  /** Where the key at this path stands, or the nearest parent that exists; 1-based. */
  place(path: readonly (string | number)[], document?: number): { readonly line: number; readonly column: number };
  /** The scalar at this path of the first document as it is written: `1.0` where the data has 1. Null for others. */
  written(path: readonly (string | number)[]): string | null;
}

/** More aliases than any configuration needs; the library stops there ("billion laughs"). */
const maxAliasCount = 50;

/**
 * Parses YAML 1.2 (1.1 booleans stay strings; `<<` merges, as everywhere in compose files) with positions. Never throws for bad text: see `errors`. Without
 * `uniqueKeys` the last value of a key counts.
 */
export function parsePlacedYaml(text: string, { uniqueKeys = true } = {}): PlacedYaml {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys, prettyErrors: false, merge: true });
  const documents = Array.isArray(parsed) ? parsed : [];
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const errors = documents.flatMap((document) =>
    document.errors.map((error) => ({ message: error.message, ...at(error.pos[0]) })),
  );
  const values = errors.length > 0 ? [] : documents.map((document) => plain(document, errors));
  return {
    documents: values,
    errors,
    place: (path, index = 0) => at(offsetOf(documents[index], path)),
    written: (path) => {
      const node = documents[0]?.getIn(path, true);
      return isScalar(node) ? (node.source ?? null) : null;
    },
  };
}

function plain(document: Document, errors: { message: string; line: number; column: number }[]): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    errors.push({ message: error instanceof Error ? error.message : String(error), line: 1, column: 1 });
    return null;
  }
}

function offsetOf(document: Document | undefined, path: readonly (string | number)[]): number {
  let node: unknown = document?.contents;
  let offset = document?.contents?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (!isPair(pair) || !isScalar(pair.key)) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else {
      const items = (node as { items?: readonly { range?: readonly number[] | null }[] } | null)?.items;
      const item = items?.[Number(step)];
      if (item === undefined) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}
