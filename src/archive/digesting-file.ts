import { createHash } from "node:crypto";
import type { DiskFile } from "./disk.ts";

/** A file that is digested while it is written, as long as it is written from start to end. */
export interface DigestingFile {
  readonly file: DiskFile;
  /** Lower-case hex SHA-256 of the file; null when something was written out of turn, or cut off. */
  sha256(): string | null;
}

export function digestingFile(file: DiskFile): DigestingFile {
  const hash = createHash("sha256");
  let end = 0;
  let inOrder = true;
  return {
    file: {
      size: () => file.size(),
      read: (buffer, position) => file.read(buffer, position),
      async write(bytes, position) {
        inOrder &&= position === end;
        if (inOrder) hash.update(bytes);
        end = position + bytes.length;
        await file.write(bytes, position);
      },
      async truncate(size) {
        inOrder = false;
        await file.truncate(size);
      },
      sync: () => file.sync(),
      close: () => file.close(),
    },
    sha256: () => (inOrder ? hash.digest("hex") : null),
  };
}
