/** What an archive may cost. Each has a flag that raises it; none depends on what the archive says of itself. */
export interface Limits {
  /** Entries; 65,535 is where ZIP's own counter ends. */
  readonly entries: number;
  /** Bytes of a ZIP's central directory. */
  readonly directoryBytes: number;
  /** Bytes of all entries together, unpacked. */
  readonly unpackedBytes: number;
  /** Unpacked over packed, once `bombBytes` are exceeded. */
  readonly ratio: number;
  /** Below this size nothing is a bomb: 4 MB of zero weights pack 900:1 and are harmless. */
  readonly bombBytes: number;
  /** Archives within archives. */
  readonly nesting: number;
}

export const defaultLimits: Limits = {
  entries: 65_534,
  directoryBytes: 16 * 2 ** 20,
  unpackedBytes: 64 * 2 ** 30,
  ratio: 200,
  bombBytes: 256 * 2 ** 20,
  nesting: 3,
};

/** From here on tools become slow; a warning, not a refusal. */
export const manyEntries = 10_000;

/** Whether unpacking `packed` bytes to `unpacked` is what only a compression bomb does. */
export function isBomb(packed: number, unpacked: number, limits: Limits): boolean {
  return unpacked > limits.bombBytes && unpacked > packed * limits.ratio;
}

/** What makes reading entries a service to the attacker: ids of the anomalies. */
const ruinous: ReadonlySet<string> = new Set(["archive/bomb", "archive/overlap", "archive/limits"]);

/** Whether the bytes of an archive with this anomaly are better left unread. */
export function isRuinous({ rule }: { readonly rule: string }): boolean {
  return ruinous.has(rule);
}
