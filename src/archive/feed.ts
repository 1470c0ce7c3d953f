import type { Transform } from "node:stream";
import type { ByteSource } from "./byte-source.ts";
import { blocks } from "./byte-source.ts";

/** Writes the packed bytes as fast as they are taken; an error of the medium reaches the reader through the engine. */
export async function feed(packed: ByteSource, engine: Transform): Promise<void> {
  try {
    for await (const block of blocks(packed, 0, packed.size, 1 << 18)) {
      if (engine.destroyed) return;
      if (!engine.write(block)) await drained(engine);
    }
    engine.end();
  } catch (error) {
    engine.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function drained(engine: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ["drain", "close", "end", "error"]) engine.off(event, done);
      resolve();
    };
    for (const event of ["drain", "close", "end", "error"]) engine.once(event, done);
  });
}
