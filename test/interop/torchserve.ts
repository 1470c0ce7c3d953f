import { spawnSync } from "node:child_process";
import { rmSync, symlinkSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type PrivateFolder, privateFolder } from "../../src/archive/private-folder.ts";
import { type Answer, Client, type Door } from "../../src/torchserve/client.ts";
import { type Doors, listening } from "../../src/torchserve/listening.ts";
import type { Ports } from "../../src/torchserve/server-files.ts";
import { ServerProcess } from "../../src/torchserve/server-process.ts";
import { python } from "./python.ts";

/** Milliseconds that a worker gets to start, and to answer. */
const timeoutMs = 120_000;

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

/** The server that `--engine torchserve` starts, and what it answers as it stands: refusals are what tests are about. */
export class TorchServe implements AsyncDisposable {
  readonly #folder: PrivateFolder;
  readonly #process: ServerProcess;
  readonly #doors: Doors;
  readonly #client = new Client(undefined);
  #read = 0;

  private constructor(folder: PrivateFolder, process: ServerProcess, doors: Doors) {
    [this.#folder, this.#process, this.#doors] = [folder, process, doors];
  }

  /** With this config.properties, but for its ports, which would clash; our own when left out. */
  static async start(config?: string): Promise<TorchServe> {
    const folder = await privateFolder();
    const given = config === undefined ? undefined : (ports: Ports): string => withPorts(config, ports);
    const started = await ServerProcess.start(folder.path, { python, timeoutMs }, given);
    try {
      const { doors } = await listening(started, folder.path, undefined);
      return new TorchServe(folder, started, doors);
    } catch (error) {
      await started.end();
      await folder.remove();
      throw error;
    }
  }

  /** Registers an archive (file or folder) with one worker and waits for it; 200 means READY. */
  async register(archive: string): Promise<Answer> {
    const name = basename(archive);
    const link = join(this.#folder.path, "store", name);
    rmSync(link, { force: true });
    symlinkSync(resolve(archive), link);
    this.#read = this.#process.mark;
    return this.#settled(
      await this.#manage("POST", `/models?url=${encodeURIComponent(name)}&initial_workers=1&synchronous=true`),
    );
  }

  async predict(model: string, body: Buffer | string, type = "application/octet-stream"): Promise<Answer> {
    return this.#predict(this.#doors.inference, model, body, type);
  }

  /** The same without a token. */
  async predictUnauthorized(model: string, body: Buffer): Promise<Answer> {
    return this.#predict({ ...this.#doors.inference, token: null }, model, body, "application/octet-stream");
  }

  async describe(model: string): Promise<Answer> {
    return this.#manage("GET", `/models/${model}`);
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
    const { body } = await this.#manage("GET", "/models");
    const { models = [] }: { models?: { modelName: string }[] } = JSON.parse(body);
    return models.map((model) => model.modelName);
  }

  async unregister(model: string): Promise<Answer> {
    return this.#manage("DELETE", `/models/${encodeURIComponent(model)}`);
  }

  log(): string {
    return this.#process.logSince(0);
  }

  /** The worker's own last words since the last `register`: the lines that name an exception. */
  why(): string[] {
    const lines = this.#process.logSince(this.#read).split("\n");
    const named = lines.filter(
      (line) =>
        !line.includes("InterruptedException") &&
        /\b[\w.]*(?:Error|Exception)\b.*:|No such file|RuntimeError/.test(line),
    );
    return [...new Set(named.map((line) => line.replace(/^.*?MODEL_LOG - /, "").trim()))].slice(-8);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#process.end();
    await this.#folder.remove();
  }

  #manage(method: string, path: string): Promise<Answer> {
    return this.#client.ask(this.#doors.management, method, path, timeoutMs + 30_000);
  }

  /** The log comes through a pipe, and lags behind an answer. */
  async #settled(answer: Answer): Promise<Answer> {
    for (let before = -1; before !== this.#process.mark; await sleep(100)) before = this.#process.mark;
    return answer;
  }

  async #predict(door: Door, model: string, body: Buffer | string, type: string): Promise<Answer> {
    // Escapes what a URL cannot hold, and no more: TorchServe compares the name as it comes.
    const { pathname } = new URL(`http://localhost/predictions/${model}`);
    const content = { name: model, bytes: Buffer.from(body), type };
    const answer = await this.#client.ask(door, "POST", pathname, 60_000, content);
    return answer.status === 200 ? answer : this.#settled(answer);
  }
}

/** The generated text with the addresses on free ports of the loopback. */
function withPorts(config: string, ports: Ports): string {
  const addresses = { 8080: ports.inference, 8081: ports.management, 8082: ports.metrics };
  const replaced = Object.entries(addresses).reduce(
    (text, [port, free]) => text.replaceAll(`:${port}\n`, `:${free}\n`),
    config,
  );
  return `${replaced}grpc_inference_port=${ports.grpcInference}\ngrpc_management_port=${ports.grpcManagement}\n`;
}
