import type { Call } from "../call.ts";
import { raised, unsupported } from "../lowering-error.ts";
import { ListValue, TupleValue, type Value } from "../value.ts";
import type { Operator } from "./operator.ts";
import { row } from "./row.ts";
import { textOf } from "./text-of.ts";
import { sliceEnds } from "./slices.ts";

function format(call: Call): Value {
  const rest = [...call.list("rest")];
  return call.string("self").replaceAll("{}", () => textOf(rest.shift() ?? null));
}

function percentFormat(call: Call): Value {
  const given = call.list("rest");
  const rest = [...(given[0] instanceof TupleValue ? given[0].items : given)];
  return call
    .string("self")
    .replaceAll(/%([-+ #0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g, (_, flags, width, precision, kind) => {
      if (kind === "%") return "%";
      const text = shown(rest.shift() ?? null, String(kind), precision === undefined ? null : Number(precision));
      const size = Math.min(Number(width), widest);
      if (String(flags).includes("-")) return text.padEnd(size);
      return text.padStart(size, String(flags).includes("0") ? "0" : " ");
    });
}

/** Widest field of a format. */
const widest = 4096;

function shown(value: Value, kind: string, precision: number | null): string {
  const number = typeof value === "bigint" || typeof value === "number" ? value : null;
  if (number !== null && /[fF]/.test(kind)) return Number(number).toFixed(Math.min(precision ?? 6, 100));
  if (number !== null && /[di]/.test(kind)) return String(BigInt(Math.trunc(Number(number))));
  if (number !== null && /[xX]/.test(kind)) return BigInt(number).toString(16);
  const text = textOf(value);
  return precision === null ? text : text.slice(0, precision);
}

const longestText = 1 << 20;

function partition(text: string, separator: string, last: boolean): TupleValue {
  const at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
  if (at < 0) return new TupleValue(last ? ["", "", text] : [text, "", ""]);
  return new TupleValue([text.slice(0, at), separator, text.slice(at + separator.length)]);
}

function justify(text: string, width: number, fill: string, how: "ljust" | "rjust" | "center"): string {
  const missing = Math.min(width, longestText) - text.length;
  if (missing <= 0) return text;
  const left = how === "ljust" ? 0 : how === "rjust" ? missing : Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

const blank = " \n\t\f\v";

function strip(text: string, chars: string, left: boolean, right: boolean): string {
  let [start, end] = [0, text.length];
  while (left && start < end && chars.includes(text[start])) start++;
  while (right && end > start && chars.includes(text[end - 1])) end--;
  return text.slice(start, end);
}

function split(call: Call): Value {
  const text = call.string("self");
  const separator = call.optionalString("separator");
  const max = call.int("max");
  const parts = separator === null ? text.split(/\s+/).filter((part) => part !== "") : text.split(separator);
  if (max < 0 || parts.length <= max + 1) return new ListValue(parts);
  const joined = parts.slice(max).join(separator ?? " ");
  return new ListValue([...parts.slice(0, max), joined]);
}

function find(call: Call, last: boolean): number {
  const text = call.string("self");
  const end = call.int("end");
  const part = text.slice(call.int("start"), end === -1 ? text.length : end);
  const at = last ? part.lastIndexOf(call.string("substr")) : part.indexOf(call.string("substr"));
  return at < 0 ? -1 : at + call.int("start");
}

function replace(call: Call): Value {
  const [text, from, to, max] = [call.string("self"), call.string("old"), call.string("new"), call.int("max")];
  const parts = text.split(from);
  if (max < 0 || parts.length <= max + 1) return parts.join(to);
  return parts.slice(0, max + 1).join(to) + from + parts.slice(max + 1).join(from);
}

const simple: Readonly<Record<string, (text: string) => Value>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  capitalize: (text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase(),
  title: (text) => text.toLowerCase().replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  isdigit: (text) => /^\d+$/.test(text),
  isalpha: (text) => /^[a-zA-Z]+$/.test(text),
  isalnum: (text) => /^[a-zA-Z0-9]+$/.test(text),
  isdecimal: (text) => /^\d+$/.test(text),
  isspace: (text) => /^\s+$/.test(text),
  islower: (text) => text === text.toLowerCase() && text !== text.toUpperCase(),
  istitle: (text) =>
    /[a-zA-Z]/.test(text) && text === text.toLowerCase().replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  isidentifier: (text) => /^[A-Za-z_]\w*$/.test(text),
  isprintable: (text) => !/\p{C}/u.test(text),
  isnumeric: (text) => /^\d+$/.test(text),
  swapcase: (text) => text.replaceAll(/[a-zA-Z]/g, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())),
  isupper: (text) => text === text.toUpperCase() && text !== text.toLowerCase(),
};

const sought = "(str self, str substr, int start=0, int end=-1) -> int";
const comparisons: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

const rows: readonly Operator[] = [
  row("aten::format", ["(str self, ...) -> str"], "`{}` replaced by arguments.", format),
  row("aten::percentFormat", ["(str self, ...) -> str"], "`%s` and the like replaced by arguments.", percentFormat),
  row("aten::str", ["(t elem) -> str"], "str()", (call) => textOf(call.value("elem"))),
  ...Object.entries(simple).map(([name, of]) =>
    row(`aten::${name}`, ["(str self) -> str"], `str.${name}()`, (call) => of(call.string("self"))),
  ),
  ...Object.entries(comparisons).map(([name, of]) =>
    row(`aten::${name}`, [".str(str a, str b) -> bool"], "Of texts.", (call) => of(call.string("a"), call.string("b"))),
  ),
  row(
    "aten::add",
    [".str(str a, str b) -> str"],
    "Two texts, one after the other.",
    (call) => call.string("a") + call.string("b"),
  ),
  row("aten::len", [".str(str s) -> int"], "Number of characters.", (call) => BigInt(call.string("s").length)),
  row("aten::__getitem__", [".str(str s, int index) -> str"], "A character.", (call) => {
    const found = call.string("s").at(call.int("index"));
    if (found === undefined) throw raised("string index out of range");
    return found;
  }),
  row(
    "aten::slice",
    [".str(str string, int? start=None, int? end=None, int step=1) -> str"],
    "A part of a text.",
    (call) => {
      const text = call.string("string");
      const [start, end] = sliceEnds(text.length, call.optionalInt("start"), call.optionalInt("end"));
      return Array.from(text.slice(start, end))
        .filter((_, i) => i % call.int("step") === 0)
        .join("");
    },
  ),
  row("aten::__contains__", [".str(str l, str item) -> bool"], "Whether a text has another in it.", (call) =>
    call.string("l").includes(call.string("item")),
  ),
  row("aten::split", [".str(str self, str? separator=None, int max=-1) -> str[]"], "The parts of a text.", split),
  row(
    "aten::splitlines",
    ["(str self, bool keepends=False) -> str[]"],
    "The lines of a text.",
    (call) => new ListValue(call.string("self").split(/\r?\n/)),
  ),
  row("aten::join", ["(str self, str[] values) -> str"], "Texts put together.", (call) =>
    call
      .list("values")
      .map((item) => textOf(item))
      .join(call.string("self")),
  ),
  row("aten::strip", [`(str self, str chars="${blank}") -> str`], "str.strip()", (call) =>
    strip(call.string("self"), call.string("chars"), true, true),
  ),
  row("aten::lstrip", [`(str self, str chars="${blank}") -> str`], "str.lstrip()", (call) =>
    strip(call.string("self"), call.string("chars"), true, false),
  ),
  row("aten::rstrip", [`(str self, str chars="${blank}") -> str`], "str.rstrip()", (call) =>
    strip(call.string("self"), call.string("chars"), false, true),
  ),
  row("aten::startswith", ["(str self, str substr, int start=0, int end=-1) -> bool"], "str.startswith()", (call) =>
    call.string("self").startsWith(call.string("substr"), call.int("start")),
  ),
  row("aten::endswith", ["(str self, str substr, int start=0, int end=-1) -> bool"], "str.endswith()", (call) =>
    call.string("self").endsWith(call.string("substr")),
  ),
  row("aten::find", [sought], "str.find()", (call) => BigInt(find(call, false))),
  row("aten::rfind", [sought], "str.rfind()", (call) => BigInt(find(call, true))),
  ...(["index", "rindex"] as const).map((name) =>
    row(`aten::${name}`, [sought.replace("(", ".str(")], `str.${name}()`, (call) => {
      const at = find(call, name === "rindex");
      if (at < 0) throw raised("substring not found");
      return BigInt(at);
    }),
  ),
  row("aten::count", [sought], "str.count()", (call) => {
    const end = call.int("end");
    const part = call.string("self").slice(call.int("start"), end === -1 ? undefined : end);
    return BigInt(part.split(call.string("substr")).length - 1);
  }),
  ...(["partition", "rpartition"] as const).map((name) =>
    row(`aten::${name}`, ["(str self, str separator) -> (str, str, str)"], `str.${name}()`, (call) =>
      partition(call.string("self"), call.string("separator"), name === "rpartition"),
    ),
  ),
  row("aten::rsplit", ['(str self, str separator=" ", int max=-1) -> str[]'], "str.rsplit()", (call) => {
    const parts = call.string("self").split(call.string("separator"));
    const extra = call.int("max") < 0 ? 0 : Math.max(parts.length - 1 - call.int("max"), 0);
    const first = parts.slice(0, extra + 1).join(call.string("separator"));
    return new ListValue([first, ...parts.slice(extra + 1)]);
  }),
  ...(["ljust", "rjust", "center"] as const).map((name) =>
    row(`aten::${name}`, ['(str self, int width, str fillchar=" ") -> str'], `str.${name}()`, (call) =>
      justify(call.string("self"), call.int("width"), call.string("fillchar"), name),
    ),
  ),
  row("aten::zfill", ["(str self, int width) -> str"], "str.zfill()", (call) => {
    const [, sign = "", digits = ""] = /^([-+]?)(.*)$/s.exec(call.string("self")) ?? [];
    return sign + digits.padStart(Math.min(call.int("width"), longestText) - sign.length, "0");
  }),
  row("aten::mul", [".str(str a, int b) -> str"], "A text several times.", (call) => {
    const [text, times] = [call.string("a"), Math.max(call.int("b"), 0)];
    if (text.length * times > longestText) throw unsupported("a text of over a million characters");
    return text.repeat(times);
  }),
  row("aten::replace", ["(str self, str old, str new, int max=-1) -> str"], "str.replace()", replace),
  row("aten::ord", ["(str string) -> int"], "ord()", (call) => BigInt(call.string("string").codePointAt(0) ?? 0)),
  row("aten::chr", ["(int i) -> str"], "chr()", (call) =>
    String.fromCodePoint(Math.min(Math.max(call.int("i"), 0), 0x10ffff)),
  ),
];

/** Texts. */
export const texts: readonly Operator[] = rows.map((operator) => ({
  ...operator,
  lower(call, builder) {
    const result = operator.lower(call, builder);
    if (typeof result === "string" && result.length > longestText)
      throw unsupported("a text of over a million characters");
    return result;
  },
}));
