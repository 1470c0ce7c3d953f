import { startsTar } from "../../archive/tar-records.ts";

/** What a file's first bytes say about who opens it. */
export type ContentKind =
  | "zip"
  | "pickle"
  | "npy"
  | "gzip"
  | "zlib"
  | "zfile"
  | "bzip2"
  | "xz"
  | "lzma"
  | "lz4"
  | "tar"
  /** Containers that no reader of ours opens: 7z, rar, zstd. */
  | "sealed"
  /** Formats that are known to hold no pickle. */
  | "other"
  | "unknown";

interface Magic {
  readonly kind: ContentKind;
  readonly at?: number;
  /** Hexadecimal. */
  readonly bytes: string;
}

/** joblib's own prefixes are among them (joblib/compressor.py, joblib/numpy_pickle_utils.py). */
const magics: readonly Magic[] = [
  { kind: "zip", bytes: "504b0304" },
  { kind: "zip", bytes: "504b0506" },
  { kind: "npy", bytes: "934e554d5059" },
  { kind: "gzip", bytes: "1f8b" },
  { kind: "zlib", bytes: "78" },
  { kind: "zfile", bytes: "5a463078" },
  { kind: "bzip2", bytes: "425a68" },
  { kind: "xz", bytes: "fd377a585a00" },
  { kind: "lzma", bytes: "5d0000" },
  { kind: "lz4", bytes: "04224d18" },
  { kind: "tar", at: 257, bytes: "7573746172" },
  { kind: "sealed", bytes: "377abcaf271c" },
  { kind: "sealed", bytes: "526172211a07" },
  { kind: "sealed", bytes: "28b52ffd" },
  { kind: "other", bytes: "89504e470d0a1a0a" },
  { kind: "other", bytes: "ffd8ff" },
  { kind: "other", bytes: "47494638" },
  { kind: "other", bytes: "25504446" },
  { kind: "other", bytes: "7f454c46" },
  { kind: "other", bytes: "89484446" },
  { kind: "other", bytes: "47475546" },
];

/** Bytes that `kindOf` looks at. */
export const magicSize = 512;

/** What the first `magicSize` bytes of a file are; `unknown` may still be a pickle of protocol 0 or 1. */
export function kindOf(head: Uint8Array): ContentKind {
  if (startsTar(head)) return "tar";
  const hex = Buffer.from(head).toString("hex");
  const magic = magics.find(
    ({ kind, at = 0, bytes }) => hex.startsWith(bytes, at * 2) && (kind !== "zlib" || isZlib(head)),
  );
  if (magic !== undefined) return magic.kind;
  const [first = 0, second = 255] = head;
  return first === 0x80 && second <= 5 ? "pickle" : "unknown";
}

/** RFC 1950: method 8, window of 32 KB, check bits, no preset dictionary. */
function isZlib(head: Uint8Array): boolean {
  const [first = 0, second = 0] = head;
  return (first * 256 + second) % 31 === 0 && (second & 0x20) === 0;
}
