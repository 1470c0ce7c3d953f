import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Two that have no line of code in common. */
export const registryPrograms = ["docker-registry", "crane"] as const;
type Program = (typeof registryPrograms)[number];

/** A real registry on a free port of the loopback, with a storage of its own. */
export class RealRegistry implements Disposable {
  readonly host: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(host: string, process: ChildProcess, folder: string) {
    this.host = host;
    this.#process = process;
    this.#folder = folder;
  }

  static async start(program: Program): Promise<RealRegistry> {
    const folder = mkdtempSync(join(tmpdir(), "registry-"));
    const host = `127.0.0.1:${await freePort()}`;
    const registry = new RealRegistry(host, spawn(program, argumentsOf(program, host, folder)), folder);
    for (let i = 0; i < 100; i += 1) {
      const response = await fetch(`http://${host}/v2/`).catch(() => null);
      if (response?.ok) return registry;
      await sleep(100);
    }
    registry[Symbol.dispose]();
    throw new Error(`${program} does not answer`);
  }

  [Symbol.dispose](): void {
    this.#process.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function argumentsOf(program: Program, host: string, folder: string): string[] {
  const storage = join(folder, "storage");
  mkdirSync(storage);
  if (program === "crane") return ["registry", "serve", "--address", host, "--disk", storage];
  const config = {
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage } },
    http: { addr: host },
  };
  writeFileSync(join(folder, "registry.yml"), JSON.stringify(config));
  return ["serve", join(folder, "registry.yml")];
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
