import { createHash } from "node:crypto";

/** SHA-256 over blocks in order. */
export interface Hasher {
  /** Where the blocks must lie: the memory that this hasher can see. */
  readonly memory: Uint8Array;
  /** Takes the next block, which must stay as it is until `settle` tells that it is done. */
  push(block: Uint8Array): void;
  /** Settles once at most `waiting` of the pushed blocks are still to be hashed; of those, the ones pushed last. */
  settle(waiting: number): Promise<void>;
  /** Lower-case hex of everything since the last `finish`; the hasher is then ready for the next file. */
  finish(): Promise<string>;
  close(): Promise<void>;
}

/** On this thread: for small inputs, where starting a thread costs more than hashing. */
export function localHasher(bytes: number): Hasher {
  let hash = createHash("sha256");
  return {
    memory: new Uint8Array(bytes),
    push: (block) => void hash.update(block),
    async settle() {},
    async finish() {
      const hex = hash.digest("hex");
      hash = createHash("sha256");
      return hex;
    },
    async close() {},
  };
}
