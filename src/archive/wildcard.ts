/** torch-model-archiver's idea of a wildcard: `*`, `?`, or a pair of brackets. */
export function isWildcard(text: string): boolean {
  return /[*?]/.test(text) || (text.includes("[") && text.includes("]"));
}

/** Python's `fnmatch` of one name: `*`, `?`, `[a-z]`, `[!a-z]`; a bracket that is not closed stands for itself. */
export function compileWildcard(pattern: string): (name: string) => boolean {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? "";
    const close = char === "[" ? closingBracket(pattern, at) : -1;
    if (close > 0) {
      source += characterClass(pattern.slice(at + 1, close));
      at = close;
    } else if (char === "*") {
      // A run of stars is one: two would make the match quadratic.
      if (pattern[at + 1] !== "*") source += "[^]*";
    } else {
      source += char === "?" ? "[^]" : escaped(char);
    }
  }
  const regexp = new RegExp(`^(?:${source})$`, "u");
  return (name) => regexp.test(name);
}

/** A `]` right after `[` or `[!` belongs to the class. */
function closingBracket(pattern: string, open: number): number {
  let at = open + 1;
  if (pattern[at] === "!") at += 1;
  if (pattern[at] === "]") at += 1;
  return pattern.indexOf("]", at);
}

function characterClass(body: string): string {
  const negated = body.startsWith("!");
  const chars = Array.from(negated ? body.slice(1) : body);
  let members = "";
  for (let at = 0; at < chars.length; at += 1) {
    const low = chars[at] ?? "";
    const high = chars[at + 1] === "-" ? chars[at + 2] : undefined;
    if (high === undefined) {
      members += inClass(low);
    } else {
      // An empty range such as z-a matches nothing.
      if (low <= high) members += `${inClass(low)}-${inClass(high)}`;
      at += 2;
    }
  }
  if (members === "") return negated ? "[^]" : "(?!)";
  return `[${negated ? "^" : ""}${members}]`;
}

function inClass(char: string): string {
  return char.replace(/[\\\]\-^[&|~]/u, (each) => `\\u{${each.charCodeAt(0).toString(16)}}`);
}

function escaped(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/]/u, "\\$&");
}
