import type { Anomaly, Entry } from "./archive.ts";

const maxSegmentBytes = 255;
const maxPathBytes = 1024;
const maxDepth = 32;

/** Names that Windows gives to devices, whatever the extension; the superscript digits count there too. */
const device =
  /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:[ .:]|$)/iu;
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
/** What changes the order or the look of a name on a screen without being seen. */
const invisible =
  /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;

type Rule = readonly [rule: string, applies: (path: string, segments: readonly string[]) => boolean, message: string];

const rules: readonly Rule[] = [
  ["archive/unsafe-name", (path) => path === "" || path === "/", "The entry has no name."],
  [
    "archive/unsafe-name",
    (path) => path.includes("\0"),
    "The name contains a NUL byte, where C programs stop reading.",
  ],
  ["archive/unsafe-name", (path) => control.test(path.replaceAll("\0", "")), "The name contains control characters."],
  [
    "archive/unsafe-name",
    (path) => invisible.test(path),
    "The name contains invisible or direction-changing characters.",
  ],
  [
    "archive/unsafe-name",
    (path) => path.includes("\\"),
    "The name contains a backslash, which some systems take for a folder.",
  ],
  [
    "archive/unsafe-name",
    (path) => path.includes(":"),
    "The name contains a colon: a drive or a hidden stream on Windows.",
  ],
  ["archive/absolute-path", (path) => /^(?:[/\\]|[a-z]:)/iu.test(path), "The name is an absolute path."],
  ["archive/path-traversal", (_, segments) => segments.includes(".."), "The name leaves the folder it is unpacked to."],
  [
    "archive/unsafe-name",
    (path, segments) => path !== "" && !/^[/\\]/u.test(path) && segments.some((one) => one === "" || one === "."),
    "The name has an empty or `.` segment, so one file has several names.",
  ],
  [
    "archive/unsafe-name",
    (_, segments) => segments.some((one) => /[. ]$/u.test(one) && one !== "." && one !== ".."),
    "A segment of the name ends with a dot or a blank, which Windows drops.",
  ],
  [
    "archive/unsafe-name",
    (_, segments) => segments.some((one) => device.test(one)),
    "The name is a device on Windows.",
  ],
  [
    "archive/name-length",
    (path, segments) =>
      Buffer.byteLength(path) > maxPathBytes ||
      segments.length > maxDepth ||
      segments.some((one) => Buffer.byteLength(one) > maxSegmentBytes),
    `The name is longer than file systems allow (${maxSegmentBytes} bytes a segment, ${maxPathBytes} bytes, ${maxDepth} folders).`,
  ],
];

/** Words between single dots and slashes: nearly every name, and of these nothing but devices can be wrong. */
const ordinary = /^[\w-]+(?:[./][\w-]+)*\/?$/;

function isOrdinary(path: string): boolean {
  if (path.length > maxSegmentBytes || !ordinary.test(path)) return false;
  const segments = path.split("/");
  return segments.length <= maxDepth && !segments.some((one) => device.test(one));
}

/** What is wrong with one entry's name, by the strictest of the systems that may unpack it. */
export function nameAnomalies(path: string): readonly Anomaly[] {
  if (isOrdinary(path)) return [];
  const segments = path.replace(/\/$/u, "").split(/[/\\]/u);
  return rules
    .filter(([, applies]) => applies(path, segments))
    .map(([rule, , message]) => ({ rule, message, at: path }));
}

/** The name as a file system that ignores case and Unicode composition sees it. */
export function collisionKey(path: string): string {
  const bare = path.replace(/\/$/u, "");
  // Upper case first: it unfolds what lower case alone keeps apart (sharp s, ligatures, long s).
  // oxlint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/u.test(bare)) return bare.toLowerCase();
  return bare.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

/** Two entries of one name, names that differ only in case or composition, and files that are folders to others. */
export function collisionAnomalies(entries: readonly Entry[]): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const seen = new Map<string, Entry>();
  for (const entry of entries) {
    const key = collisionKey(entry.path);
    const other = seen.get(key);
    if (other === undefined) seen.set(key, entry);
    else anomalies.push(collision(entry, other));
  }
  const below = new Map<string, string>();
  for (const key of seen.keys()) {
    for (let slash = key.lastIndexOf("/"); slash > 0; slash = key.lastIndexOf("/", slash - 1)) {
      const folder = key.slice(0, slash);
      if (below.has(folder)) break;
      below.set(folder, key);
    }
  }
  for (const [folder, inside] of below) {
    const entry = seen.get(folder);
    if (entry !== undefined && entry.kind !== "directory") {
      anomalies.push({
        rule: "archive/file-and-folder",
        message: `The entry is a file, and ${seen.get(inside)?.path} needs it to be a folder.`,
        at: entry.path,
      });
    }
  }
  return anomalies;
}

function collision(entry: Entry, other: Entry): Anomaly {
  const at = entry.path;
  if (entry.path === other.path) {
    return { rule: "archive/duplicate-name", message: "The name occurs twice; readers differ in which they take.", at };
  }
  if (entry.path.replace(/\/$/u, "") === other.path.replace(/\/$/u, "")) {
    return { rule: "archive/file-and-folder", message: "The name is a file and a folder at once.", at };
  }
  return {
    rule: "archive/name-collision",
    message: `The name and ${other.path} are one file where case or Unicode composition is ignored.`,
    at,
  };
}
