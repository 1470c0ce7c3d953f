import type { Anomaly } from "./archive.ts";
import { crc32 } from "node:zlib";
import type { ExtraField, Header } from "./zip-format.ts";
import { flag, unicodePathId, view } from "./zip-format.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The upper half of IBM code page 437, which ZIP names are in when nothing else is said (APPNOTE appendix D). */
const cp437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

function decodeStrict(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

function decodeCp437(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : cp437.charAt(byte - 128))).join("");
}

export interface EntryName {
  readonly path: string;
  readonly anomalies: readonly Anomaly[];
}

/** The name as TorchServe's reader takes it (UTF-8 whatever the flag says), and where other readers take another. */
export function entryName(header: Header, fields: readonly ExtraField[]): EntryName {
  const ascii = header.name.every((byte) => byte < 128);
  const decoded = decodeStrict(header.name);
  const path = decoded ?? decodeCp437(header.name);
  const anomalies: Anomaly[] = [];
  const report = (rule: string, message: string): void => void anomalies.push({ rule, message, at: path });
  if (decoded === null && (header.flags & flag.utf8) !== 0) {
    report("archive/name-encoding", "The name is marked as UTF-8 and is not.");
  } else if (decoded === null) {
    report("serve/name-encoding", "The name is not UTF-8, so TorchServe's reader stops at it.");
  } else if (!ascii && (header.flags & flag.utf8) === 0) {
    report("archive/name-unmarked", "The name is UTF-8 without being marked so: other tools show another one.");
  }
  for (const field of fields.filter(({ id }) => id === unicodePathId)) {
    const problem = unicodePath(header.name, field.data, ascii);
    if (problem !== null) report("archive/second-name", problem);
  }
  return { path, anomalies };
}

/** Info-ZIP's Unicode path (4.6.9): some readers rename the entry to it. */
function unicodePath(name: Uint8Array, data: Uint8Array, ascii: boolean): string | null {
  if (data.length < 5 || data[0] !== 1) return "The extra field with a Unicode name is malformed.";
  const other = data.subarray(5);
  if (Buffer.compare(name, other) === 0) return null;
  const applies = view(data).getUint32(1, true) === crc32(name);
  const decoded = decodeStrict(other);
  // A name in another code page with its UTF-8 form beside it is what the field is for.
  if (!ascii && applies && decoded !== null && (decodeStrict(name) === null || decodeCp437(name) === decoded)) {
    return null;
  }
  return `An extra field gives the entry a second name, ${JSON.stringify(decoded ?? "")}.`;
}
