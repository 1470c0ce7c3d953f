import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { packageFile } from "../package-file.ts";
import { cleanEnvironment } from "../runtime/clean-environment.ts";
import { EngineFailure } from "../runtime/session.ts";
import { freePorts, type Ports, properties } from "./server-files.ts";

export interface ServerOptions {
  /** The Python that has TorchServe. */
  readonly python: string;
  /** For starting a worker, and for one answer, ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Where the server's folder is made. */
  readonly tmpDir?: string;
  /** OMP_NUM_THREADS of the workers; 0: the engine's own choice. */
  readonly threads?: number;
}

const installed = z.union([
  z.object({ missing: z.string() }),
  z.object({ torchserve: z.string(), torch: z.string().nullable() }),
]);

const logKept = 1 << 18;
const groups = new Set<number>();
let listening = false;

function killAll(): void {
  for (const group of groups) killGroup(group);
}

function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** The server's processes: a group of their own, which ends when we do, whatever happens to us. */
export class ServerProcess {
  readonly ports: Ports;
  readonly #child: ChildProcess;
  readonly #python: string;
  #log = "";
  #seen = 0;
  #failure: Error | null = null;

  private constructor(child: ChildProcess, ports: Ports, python: string) {
    [this.#child, this.ports, this.#python] = [child, ports, python];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#seen += text.length;
        this.#log = (this.#log + text).slice(-logKept);
      });
    }
    child.on("error", (error) => (this.#failure = error));
    if (child.pid !== undefined) groups.add(child.pid);
    if (!listening) process.once("exit", killAll);
    listening = true;
  }

  /**
   * Starts it in `folder`, which is fresh, without waiting for it to listen. `config` gives its config.properties: our
   * own when left out.
   */
  static async start(
    folder: string,
    options: ServerOptions,
    config = (ports: Ports): string => properties(folder, ports, options.timeoutMs),
  ): Promise<ServerProcess> {
    const temporary = join(folder, "tmp");
    await Promise.all(["tmp", "store", "logs"].map((name) => mkdir(join(folder, name))));
    const ports = await freePorts();
    await writeFile(join(folder, "config.properties"), config(ports));
    const { python, threads = 0 } = options;
    const child = spawn(python, ["-B", packageFile("data/torchserve-host.py"), folder], {
      cwd: folder,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...cleanEnvironment(folder, temporary),
        LOG_LOCATION: join(folder, "logs"),
        METRICS_LOCATION: join(folder, "logs"),
        PYTHONDONTWRITEBYTECODE: "1",
        ...(threads > 0 ? { OMP_NUM_THREADS: String(threads) } : {}),
      },
    });
    return new ServerProcess(child, ports, python);
  }

  /** Leader of the group. */
  get group(): number {
    return this.#child.pid ?? 0;
  }

  /** Characters logged so far. */
  get mark(): number {
    return this.#seen;
  }

  /** What was logged since `mark`, as far as it is kept. */
  logSince(mark: number): string {
    const length = Math.min(this.#seen - mark, this.#log.length);
    return length === 0 ? "" : this.#log.slice(-length);
  }

  /** Name and versions, once told; null before. Throws EngineFailure when something is missing, or it has ended. */
  engine(): string | null {
    if (this.#failure) {
      const missing = "code" in this.#failure && this.#failure.code === "ENOENT";
      throw new EngineFailure(
        missing ? "missing" : "crashed",
        missing ? `there is no ${this.#python}` : this.#failure.message,
      );
    }
    const first = /^\{.*\}$/m.exec(this.#log)?.[0];
    if (first !== undefined) return engineName(first);
    if (this.#child.exitCode === null && this.#child.signalCode === null) return null;
    throw new EngineFailure("crashed", `${this.#python} ended: ${this.#log.trim().split("\n").at(-1) ?? ""}`);
  }

  /** Why it is no longer there; null while it is. */
  ended(): string | null {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return null;
    return `TorchServe ended: ${this.#log.trim().split("\n").at(-1) ?? ""}`;
  }

  async end(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined) return;
    const gone = exitCode !== null || signalCode !== null;
    const exit = gone ? Promise.resolve() : new Promise((done) => this.#child.once("exit", done));
    // The group: what the server started may be there when it is not.
    killGroup(pid);
    await exit;
    groups.delete(pid);
  }
}

function engineName(line: string): string {
  const found = installed.parse(JSON.parse(line));
  if ("missing" in found) throw new EngineFailure("missing", found.missing);
  return `TorchServe ${found.torchserve}${found.torch === null ? "" : `, PyTorch ${found.torch}`}`;
}
