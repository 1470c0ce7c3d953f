/** Records of a POSIX pax header (IEEE 1003.1, pax Extended Header): `LENGTH KEY=VALUE\n`, the length counting itself. */
export interface PaxRecords {
  readonly records: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const grammar: Readonly<Record<string, RegExp>> = {
  size: /^\d{1,64}$/u,
  uid: /^\d{0,64}$/u,
  gid: /^\d{0,64}$/u,
  mtime: /^(?:-?\d+(?:\.\d*)?)?$/u,
  atime: /^(?:-?\d+(?:\.\d*)?)?$/u,
  ctime: /^(?:-?\d+(?:\.\d*)?)?$/u,
};

export function readPax(bytes: Uint8Array): PaxRecords {
  const records = new Map<string, string>();
  const problems: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const digits = blank < 0 ? "" : Buffer.from(bytes.subarray(at, Math.min(blank, at + 20))).toString("latin1");
    const length = /^[1-9]\d*$/u.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length < 5 || end > bytes.length || bytes[end - 1] !== 0x0a || end - 1 <= blank) {
      problems.push("A pax record's length does not fit.");
      return { records, problems };
    }
    readRecord(bytes.subarray(blank + 1, end - 1), records, problems);
    at = end;
  }
  return { records, problems };
}

function readRecord(bytes: Uint8Array, records: Map<string, string>, problems: string[]): void {
  const equals = bytes.indexOf(0x3d);
  const key = Buffer.from(bytes.subarray(0, Math.max(0, equals))).toString("utf8");
  if (equals <= 0 || key.includes("\0")) {
    problems.push("A pax record has no key.");
    return;
  }
  let value: string;
  try {
    value = strict.decode(bytes.subarray(equals + 1));
  } catch {
    // Extended attributes are binary; what names and sizes things is text.
    value = "";
    if (!/^(?:SCHILY|LIBARCHIVE)\./u.test(key)) problems.push(`The pax record ${key} is not UTF-8.`);
  }
  if (records.has(key)) problems.push(`The pax record ${key} comes twice.`);
  if (grammar[key]?.test(value) === false)
    problems.push(`The pax record ${key} has the value ${JSON.stringify(value)}.`);
  if ((key === "uname" || key === "gname") && value.includes("\0"))
    problems.push(`The pax record ${key} contains NUL.`);
  if (key === "path" && value === "") problems.push("The pax record path is empty.");
  if (key === "hdrcharset" && value !== "ISO-IR 10646 2000 UTF-8") {
    problems.push(`The pax records are in the character set ${JSON.stringify(value)}.`);
  }
  records.set(key, value);
}
