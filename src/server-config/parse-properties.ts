import { Pair, parseLines } from "dot-properties";

export interface Property {
  readonly name: string;
  readonly value: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, of the key. */
  readonly column: number;
}

/** The pairs of a Java `.properties` file (java.util.Properties), duplicates included, with where they stand. */
export function parseProperties(text: string): Property[] {
  const starts = lineStarts(text);
  return parseLines(text, true).flatMap((node) => {
    if (!(node instanceof Pair)) return [];
    const at = node.range?.[0] ?? 0;
    const line = lineOf(starts, at);
    return [{ name: node.key, value: node.value.trim(), line: line + 1, column: at - (starts[line] ?? 0) + 1 }];
  });
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map((end) => end.index + end[0].length)];
}

function lineOf(starts: readonly number[], at: number): number {
  return starts.findLastIndex((start) => start <= at);
}
