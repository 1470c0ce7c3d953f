/**
 * JSON text byte for byte as Python's `json.dumps(value, indent=2)` writes it: two blanks, ASCII only (other
 * characters as `\uXXXX` of their UTF-16 units), no trailing newline. Numbers must be integers: the two languages print
 * others differently, and no manifest of ours has one.
 */
export function serializeJson(value: unknown): string {
  return write(value, "\n");
}

function write(value: unknown, newline: string): string {
  if (Array.isArray(value)) {
    return list(
      "[",
      "]",
      value.map((item) => write(item ?? null, `${newline}  `)),
      newline,
    );
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${quote(key)}: ${write(member, `${newline}  `)}`);
    return list("{", "}", members, newline);
  }
  return typeof value === "string" ? quote(value) : JSON.stringify(value);
}

function list(open: string, close: string, items: readonly string[], newline: string): string {
  if (items.length === 0) return open + close;
  return `${open}${newline}  ${items.join(`,${newline}  `)}${newline}${close}`;
}

// JSON.stringify escapes what must be (lone surrogates too); Python escapes DEL and all above as well.
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
