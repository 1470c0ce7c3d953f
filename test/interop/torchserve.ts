import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { python } from "./python.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Seconds that a worker gets to start. */
const startupTimeout = 120;

/** Why tests that need the server cannot run; null when they can. */
export function lacksTorchServe(): string | null {
  const modules = spawnSync(python, ["-c", "import ts, torch, torchvision, captum, onnxruntime, psutil"], {
    stdio: "ignore",
  });
  const java = spawnSync(javaProgram(), ["-version"], { stdio: "ignore" });
  return modules.status === 0 && java.status === 0 ? null : "skipped: needs torchserve";
}

export function torchServeVersion(): string {
  const program = "from importlib.metadata import version; print(version('torchserve'))";
  return spawnSync(python, ["-c", program], { encoding: "utf8" }).stdout.trim();
}

function javaProgram(): string {
  const home = process.env["JAVA_HOME"];
  return home ? join(home, "bin", "java") : "java";
}

/** A real TorchServe on free loopback ports, with a store, a temporary folder and a log of its own. */
export class TorchServe implements AsyncDisposable {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #ports: readonly number[];
  #read = 0;

  private constructor(folder: string, process: ChildProcess, ports: readonly number[]) {
    this.#folder = folder;
    this.#process = process;
    this.#ports = ports;
  }

  /** `settings`: further lines of config.properties. Throws when the server does not answer within a minute. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TorchServe> {
    const flags = ["--disable-token-auth", "--enable-model-api"];
    return TorchServe.#start((folder, ports) => properties(folder, ports, settings), flags);
  }

  /**
   * A server with this config.properties, but for its ports, which would clash, and without flags that change what it
   * says. Requests carry the tokens that it writes to key_file.json.
   */
  static async startWith(config: string): Promise<TorchServe> {
    return TorchServe.#start((_, ports) => withPorts(config, ports), []);
  }

  static async #start(
    config: (folder: string, ports: readonly number[]) => string,
    flags: readonly string[],
  ): Promise<TorchServe> {
    const folder = mkdtempSync(join(tmpdir(), "torchserve-"));
    for (const name of ["store", "tmp", "logs"]) mkdirSync(join(folder, name));
    const ports = await freePorts(5);
    writeFileSync(join(folder, "config.properties"), config(folder, ports));
    const log = openSync(join(folder, "server.log"), "w");
    const child = spawn(javaProgram(), javaArguments(folder, flags), {
      cwd: folder,
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, TEMP: join(folder, "tmp"), TMPDIR: join(folder, "tmp"), OMP_NUM_THREADS: "1" },
    });
    closeSync(log);
    const server = new TorchServe(folder, child, ports);
    try {
      await server.#answers();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Registers an archive (file or folder) with one worker and waits for it; 200 means READY. */
  async register(archive: string): Promise<Answer> {
    const name = basename(archive);
    const link = join(this.#folder, "store", name);
    rmSync(link, { force: true });
    symlinkSync(resolve(archive), link);
    this.#read = this.log().length;
    const url = encodeURIComponent(name);
    return this.#ask(
      "POST",
      1,
      `/models?url=${url}&initial_workers=1&synchronous=true`,
      undefined,
      startupTimeout + 30,
    );
  }

  async predict(model: string, body: Buffer | string, type = "application/octet-stream"): Promise<Answer> {
    return this.#ask("POST", 0, `/predictions/${model}`, { body, type }, 60);
  }

  /** The same without a token. */
  async predictUnauthorized(model: string, body: Buffer): Promise<Answer> {
    return this.#ask("POST", 0, `/predictions/${model}`, { body, type: "application/octet-stream" }, 60, false);
  }

  async describe(model: string): Promise<Answer> {
    return this.#ask("GET", 1, `/models/${model}`, undefined, 30);
  }

  /** What the server says of a model once all of its workers are ready; the last it said after a minute. */
  async whenReady(model: string): Promise<{ readonly workers: readonly { status: string }[] }[]> {
    for (let attempt = 0; ; attempt += 1) {
      const { status, body } = await this.describe(model);
      const versions: { workers: { status: string }[] }[] = status === 200 ? JSON.parse(body) : [];
      const workers = versions.flatMap((version) => version.workers);
      if (attempt === 120 || (workers.length > 0 && workers.every((worker) => worker.status === "READY")))
        return versions;
      await sleep(500);
    }
  }

  /** Names of the registered models. */
  async models(): Promise<string[]> {
    const { body } = await this.#ask("GET", 1, "/models", undefined, 30);
    const { models = [] }: { models?: { modelName: string }[] } = JSON.parse(body);
    return models.map((model) => model.modelName);
  }

  async unregister(model: string): Promise<Answer> {
    return this.#ask("DELETE", 1, `/models/${encodeURIComponent(model)}`, undefined, 30);
  }

  log(): string {
    return readFileSync(join(this.#folder, "server.log"), "utf8");
  }

  /** The worker's own last words since the last `register`: the lines that name an exception. */
  why(): string[] {
    const lines = this.log().slice(this.#read).split("\n");
    const named = lines.filter(
      (line) =>
        !line.includes("InterruptedException") &&
        /\b[\w.]*(?:Error|Exception)\b.*:|No such file|RuntimeError/.test(line),
    );
    return [...new Set(named.map((line) => line.replace(/^.*?MODEL_LOG - /, "").trim()))].slice(-8);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this.#process;
    if (pid !== undefined && this.#process.exitCode === null) {
      // The group: the server and the workers that it started.
      process.kill(-pid, "SIGKILL");
      if (this.#process.exitCode === null) await new Promise((done) => this.#process.once("exit", done));
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #answers(): Promise<void> {
    for (let attempt = 0; attempt < 300; attempt += 1) {
      if (this.#process.exitCode !== null) throw new Error(`TorchServe ended: ${this.log().slice(-2000)}`);
      try {
        const { status } = await this.#ask("GET", 1, "/models", undefined, 5);
        if (status === 200) return;
      } catch {
        // It does not listen yet.
      }
      await sleep(200);
    }
    throw new Error(`TorchServe does not answer: ${this.log().slice(-2000)}`);
  }

  async #ask(
    method: string,
    port: 0 | 1,
    path: string,
    content: { readonly body: Buffer | string; readonly type: string } | undefined,
    seconds: number,
    authorized = true,
  ): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.#ports[port]}${path}`, {
      method,
      signal: AbortSignal.timeout(seconds * 1000),
      headers: { ...(authorized && this.#token(port)), ...(content && { "content-type": content.type }) },
      ...(content && { body: new Uint8Array(Buffer.from(content.body)) }),
    });
    return { status: response.status, body: await response.text() };
  }

  /** The token that the server wrote when it started, as a header; none when it wants none. */
  #token(port: 0 | 1): Record<string, string> {
    const file = join(this.#folder, "key_file.json");
    if (!existsSync(file)) return {};
    const keys: Record<string, { key: string }> = JSON.parse(readFileSync(file, "utf8"));
    return { authorization: `Bearer ${keys[port === 0 ? "inference" : "management"]?.key}` };
  }
}

function properties(folder: string, ports: readonly number[], settings: Readonly<Record<string, string>>): string {
  const rows = {
    inference_address: `http://127.0.0.1:${ports[0]}`,
    management_address: `http://127.0.0.1:${ports[1]}`,
    metrics_address: `http://127.0.0.1:${ports[2]}`,
    grpc_inference_port: String(ports[3]),
    grpc_management_port: String(ports[4]),
    model_store: join(folder, "store"),
    disable_token_authorization: "true",
    enable_model_api: "true",
    disable_system_metrics: "true",
    enable_metrics_api: "false",
    default_startup_timeout: String(startupTimeout),
    number_of_netty_threads: "2",
    ...settings,
  };
  return Object.entries(rows)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** The generated text with the addresses on free ports of the loopback. */
function withPorts(config: string, ports: readonly number[]): string {
  const replaced = ["8080", "8081", "8082"].reduce(
    (text, port, i) => text.replaceAll(`:${port}\n`, `:${ports[i]}\n`),
    config,
  );
  return `${replaced}grpc_inference_port=${ports[3]}\ngrpc_management_port=${ports[4]}\n`;
}

function javaArguments(folder: string, flags: readonly string[]): string[] {
  const find =
    "import importlib.util, os; print(os.path.dirname(os.path.dirname(importlib.util.find_spec('ts').origin)))";
  const site = spawnSync(python, ["-c", find], { encoding: "utf8" }).stdout.trim();
  const executable = spawnSync(python, ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).stdout.trim();
  const machine = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", `-Dmodel_server_home=${site}`];
  const place = [`-Djava.io.tmpdir=${join(folder, "tmp")}`, "-cp", `.:${site}/ts/frontend/*`];
  const files = ["-f", join(folder, "config.properties")];
  return [...machine, ...place, "org.pytorch.serve.ModelServer", "--python", executable, ...files, "-ncs", ...flags];
}

/** Ports that nobody listens on, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
