import { createHash } from "node:crypto";

/** SHA-256 over blocks in order. A block may be used again once its `update` has settled. */
export interface Hasher {
  /** Where the blocks must lie: the memory that this hasher can see. */
  readonly memory: Uint8Array;
  update(block: Uint8Array): Promise<void>;
  /** Lower-case hex of everything since the last `finish`; the hasher is then ready for the next file. */
  finish(): Promise<string>;
  close(): Promise<void>;
}

/** On this thread: for small inputs, where starting a thread costs more than hashing. */
export function localHasher(bytes: number): Hasher {
  let hash = createHash("sha256");
  return {
    memory: new Uint8Array(bytes),
    async update(block) {
      hash.update(block);
    },
    async finish() {
      const hex = hash.digest("hex");
      hash = createHash("sha256");
      return hex;
    },
    async close() {},
  };
}
