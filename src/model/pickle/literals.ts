/**
 * The text arguments of protocol 0, as CPython's unpickler reads them. Each returns null for text that it would refuse.
 */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 as Python's `surrogatepass` takes it: lone surrogates written in three bytes are text, too. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeSurrogates(bytes);
  }
}

function decodeSurrogates(bytes: Uint8Array): string | null {
  let out = "";
  let from = 0;
  for (let at = 0; at + 2 < bytes.length; at++) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    if (first !== 0xed || second < 0xa0 || second > 0xbf || third < 0x80 || third > 0xbf) continue;
    const before = tryStrict(bytes.subarray(from, at));
    if (before === null) return null;
    out += before + String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f));
    from = at + 3;
    at += 2;
  }
  if (from === 0) return null;
  const rest = tryStrict(bytes.subarray(from));
  return rest === null ? null : out + rest;
}

function tryStrict(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

const integer = /^\s*[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*)\s*$/;

/** An INT or LONG line: Python's integer literals, LONG with an `L` behind. Huge ones are only known to be integers. */
export function parseInteger(line: string): number | bigint | null {
  const text = line.replace(/[lL]$/, "");
  if (!integer.test(text)) return null;
  const digits = text.replaceAll("_", "").trim();
  if (digits.length > 400) return 0n;
  const unsigned = digits.replace(/^[+-]/, "");
  try {
    const value = BigInt(/^0\d/.test(unsigned) ? unsigned.replace(/^0+(?=\d)/, "") : unsigned);
    const signedValue = digits.startsWith("-") ? -value : value;
    return Number.isSafeInteger(Number(signedValue)) ? Number(signedValue) : signedValue;
  } catch {
    return null;
  }
}

/** A GET or PUT line: a decimal memo index. */
export function parseIndex(line: string): number | null {
  const text = line.trim();
  return /^\+?[0-9](?:_?[0-9])*$/.test(text) && text.length <= 15 ? Number(text.replaceAll("_", "")) : null;
}

const decimal = /^\s*[+-]?(?:(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)\s*$/i;

/** A FLOAT line. */
export function parseFloatLine(line: string): number | null {
  if (!decimal.test(line)) return null;
  const text = line.replaceAll("_", "").trim().toLowerCase();
  if (text.endsWith("nan")) return Number.NaN;
  if (/inf/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

/** A STRING line: a Python 2 string literal in quotes with backslash escapes; bytes as Latin-1 characters. */
export function parseString(line: string): string | null {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote) return null;
  let bad = false;
  const text = line.slice(1, -1).replaceAll(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S]|$)/g, (_all, code: string) => {
    if (/^x../.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255);
    if (code === "" || code === "x") bad = true;
    return escapes[code] ?? `\\${code}`;
  });
  return bad ? null : text;
}

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** A UNICODE line: raw-unicode-escape, that is Latin-1 with `\uXXXX` and `\UXXXXXXXX`. */
export function parseUnicode(line: string): string | null {
  let bad = false;
  const text = line.replaceAll(
    /(\\+)(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[uU])?/g,
    (all, slashes: string, code?: string) => {
      if (code === undefined || slashes.length % 2 === 0) return all;
      const point = Number.parseInt(code.slice(1), 16);
      if (code.length === 1 || point > 0x10ffff) {
        bad = true;
        return "";
      }
      return slashes.slice(1) + String.fromCodePoint(point);
    },
  );
  return bad ? null : text;
}
