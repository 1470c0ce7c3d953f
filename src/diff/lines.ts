import type { Hunk } from "./difference.ts";

/** More differing lines than this are shown as a whole replaced block: nobody reads them, and the search is quadratic. */
const mostEdits = 1000;
/** Equal lines shown around a change. */
const context = 3;

type Mark = " " | "-" | "+";

interface Row {
  readonly mark: Mark;
  readonly text: string;
}

/** The differing lines of two texts with some around them. E. Myers, "An O(ND) Difference Algorithm", 1986. */
export function diffLines(before: string, after: string): readonly Hunk[] {
  const a = linesOf(before);
  const b = linesOf(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const middle = edits(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const same = (text: string): Row => ({ mark: " ", text });
  return hunks([...a.slice(0, head).map(same), ...middle, ...a.slice(a.length - tail).map(same)]);
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function edits(a: readonly string[], b: readonly string[]): Row[] {
  const trace: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, mostEdits); d += 1) {
    trace.push(furthest);
    const next = new Map(furthest);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && at(furthest, k - 1) < at(furthest, k + 1));
      let x = down ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(trace, a, b);
    }
    furthest = next;
  }
  return [...a.map((text): Row => ({ mark: "-", text })), ...b.map((text): Row => ({ mark: "+", text }))];
}

function at(furthest: ReadonlyMap<number, number>, k: number): number {
  return furthest.get(k) ?? 0;
}

function walkBack(trace: readonly ReadonlyMap<number, number>[], a: readonly string[], b: readonly string[]): Row[] {
  const rows: Row[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const furthest = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && at(furthest, k - 1) < at(furthest, k + 1));
    const before = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : at(furthest, before);
    const fromY = d === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      rows.push({ mark: " ", text: a[x] ?? "" });
    }
    if (d === 0) break;
    if (down) rows.push({ mark: "+", text: b[(y -= 1)] ?? "" });
    else rows.push({ mark: "-", text: a[(x -= 1)] ?? "" });
  }
  return rows.reverse();
}

function hunks(rows: readonly Row[]): readonly Hunk[] {
  const found: { lineBefore: number; lineAfter: number; lines: string[] }[] = [];
  let lineBefore = 1;
  let lineAfter = 1;
  let lastShown = -1;
  const changed = rows.flatMap(({ mark }, index) => (mark === " " ? [] : [index]));
  let nextChange = 0;
  for (const [index, { mark, text }] of rows.entries()) {
    while ((changed[nextChange] ?? Number.POSITIVE_INFINITY) < index - context) nextChange += 1;
    if ((changed[nextChange] ?? Number.POSITIVE_INFINITY) <= index + context) {
      if (lastShown !== index - 1 || found.length === 0) found.push({ lineBefore, lineAfter, lines: [] });
      found.at(-1)?.lines.push(`${mark}${text}`);
      lastShown = index;
    }
    if (mark !== "+") lineBefore += 1;
    if (mark !== "-") lineAfter += 1;
  }
  return found;
}
