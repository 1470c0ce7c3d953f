const cookie = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/;
const emptyOrComment = /^[ \t\f]*(?:#.*)?$/;

/** Python's names of encodings that the Encoding Standard calls otherwise. */
const labels: Readonly<Record<string, string>> = { "latin-1": "latin1", latin: "latin1", "utf-8-sig": "utf-8" };

/**
 * The text of a Python source by PEP 263: UTF-8, or what a `coding:` comment in one of the first two lines says.
 * Null when the bytes are not in that encoding, or it is unknown: Python refuses such a file.
 */
export function decodeSource(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 512))
    .toString("latin1")
    .split(/\r\n|\r|\n/);
  const second = emptyOrComment.test(head[0] ?? "") ? head[1] : undefined;
  const named = cookie.exec(head[0] ?? "")?.[1] ?? cookie.exec(second ?? "")?.[1] ?? "utf-8";
  const name = named.toLowerCase().replaceAll("_", "-");
  try {
    return new TextDecoder(labels[name] ?? name, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
