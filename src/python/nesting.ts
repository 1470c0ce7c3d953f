// Comments and strings, whose brackets do not nest; then what nests.
const token =
  /#[^\n]*|(?:"""|''')[^]*?(?:"""|'''|$)|"(?:[^"\\\n]|\\[^])*"?|'(?:[^'\\\n]|\\[^])*'?|[([{]|[)\]}]|\n|[,;]|\b(?:not|await|lambda|if|else|and|or|in|is|yield)\b|[-+*/%@&|^~<>=!:.]+/g;

/**
 * How deep the syntax tree of this source can get within one statement, guessed from above: open brackets, and
 * operators since the last comma on each level. A parser that recurses must not be given more than its stack takes,
 * and the cost of a printed tree grows with the square of its depth.
 */
export function nestingOf(source: string): { readonly brackets: number; readonly depth: number } {
  let brackets = 0;
  let depth = 0;
  let open: number[] = [];
  let sum = 0;
  let here = 0;
  for (const [text] of source.matchAll(token)) {
    const first = text[0] ?? "";
    if ("([{".includes(first)) {
      open.push(here);
      sum += here;
      here = 0;
    } else if (")]}".includes(first)) {
      here = (open.pop() ?? 0) + 1;
      sum -= here - 1;
    } else if (first === "," || first === ";") here = 0;
    else if (first === "\n") {
      if (open.length === 0) here = 0;
    } else if (!"#\"'".includes(first)) here += text.length > 3 ? 1 : text.length;
    brackets = Math.max(brackets, open.length);
    depth = Math.max(depth, open.length + sum + here);
    if (sum < 0) [open, sum, here] = [[], 0, 0];
  }
  return { brackets, depth: depth + indentation(source) };
}

/** The most levels of indentation at the start of a line, guessed from above by one column a level. */
function indentation(source: string): number {
  let levels = 0;
  const stack: number[] = [];
  for (const [, indent = ""] of source.matchAll(/^([ \t]*)[^\s#]/gm)) {
    while (stack.length > 0 && (stack.at(-1) ?? 0) >= indent.length) stack.pop();
    if (indent.length > 0) stack.push(indent.length);
    levels = Math.max(levels, stack.length);
  }
  return levels;
}
