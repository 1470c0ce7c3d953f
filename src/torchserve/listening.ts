import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { EngineFailure } from "../runtime/session.ts";
import { Client, type Door } from "./client.ts";
import type { ServerProcess } from "./server-process.ts";

const startLimitMs = 60_000;

/** Where a server takes requests, and where it is managed. */
export interface Doors {
  readonly inference: Door;
  readonly management: Door;
}

export interface Listening {
  readonly engine: string;
  readonly doors: Doors;
}

/** Waits until it answers. Throws EngineFailure `missing`, `crashed` or `timeout`. */
export async function listening(
  started: ServerProcess,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Listening> {
  const client = new Client(signal);
  const until = performance.now() + startLimitMs;
  try {
    while (performance.now() < until) {
      signal?.throwIfAborted();
      const engine = started.engine();
      const ended = started.ended();
      if (ended !== null) throw new EngineFailure("crashed", ended);
      const doors = engine === null ? null : await openDoors(started, folder);
      if (engine !== null && doors !== null && (await answers(client, doors.management))) return { engine, doors };
      await sleep(50);
    }
    throw new EngineFailure("timeout", `TorchServe did not start within ${startLimitMs / 1000} s`);
  } finally {
    client.close();
  }
}

const keyFile = z.object({ management: z.object({ key: z.string() }), inference: z.object({ key: z.string() }) });

/** The tokens that the server writes into its folder when it starts; null before. */
async function openDoors({ ports }: ServerProcess, folder: string): Promise<Doors | null> {
  const text = await readFile(join(folder, "key_file.json"), "utf8").catch(() => "");
  try {
    const { inference, management } = keyFile.parse(JSON.parse(text));
    return {
      inference: { port: ports.inference, token: inference.key },
      management: { port: ports.management, token: management.key },
    };
  } catch {
    return null; // Not there, or not whole yet.
  }
}

async function answers(client: Client, door: Door): Promise<boolean> {
  try {
    return (await client.ask(door, "GET", "/models", 5000)).status === 200;
  } catch {
    return false; // It does not listen yet.
  }
}
