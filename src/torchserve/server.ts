import { cp, rm, stat, symlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type PrivateFolder, privateFolder } from "../archive/private-folder.ts";
import type { RequestBody } from "../runtime/request-body.ts";
import { EngineFailure } from "../runtime/session.ts";
import { type Answer, Client, type Door, TimeoutError } from "./client.ts";
import { type Doors, type Listening, listening } from "./listening.ts";
import { type ServerOptions, ServerProcess } from "./server-process.ts";
import { lastWords, workerError } from "./worker-error.ts";

/** The archive, not the server, is to blame. */
export class ServingFailure extends Error {
  readonly stage: "load" | "run";
  /** `entry:line` of the archive's own code, where the worker told it. */
  readonly at: string | null;

  constructor(stage: "load" | "run", message: string, at: string | null) {
    super(message);
    this.name = "ServingFailure";
    [this.stage, this.at] = [stage, at];
  }
}

/** Where the log stood, and when, as a request was sent. */
interface Sent {
  readonly mark: number;
  readonly at: number;
}

/** What our own clock allows beyond the server's. */
const graceMs = 15_000;

const registeredModels = z.object({ models: z.array(z.object({ modelName: z.string() })) });
const descriptions = z.array(z.object({ workers: z.array(z.object({ pid: z.number(), status: z.string() })) }));

/** A real TorchServe on free ports of the loopback, in a folder and a process group of its own; serves one archive. */
export class TorchServe {
  readonly engine: string;
  readonly #process: ServerProcess;
  readonly #folder: PrivateFolder;
  readonly #client: Client;
  readonly #doors: Doors;
  readonly #timeoutMs: number;
  #model = "";

  private constructor(
    { engine, doors }: Listening,
    started: ServerProcess,
    folder: PrivateFolder,
    options: ServerOptions,
  ) {
    [this.engine, this.#doors, this.#process, this.#folder] = [engine, doors, started, folder];
    this.#client = new Client(options.signal);
    this.#timeoutMs = options.timeoutMs;
  }

  /** Throws EngineFailure `missing` without Python, TorchServe or Java; `crashed` or `timeout` when it does not start. */
  static async start(options: ServerOptions): Promise<TorchServe> {
    options.signal?.throwIfAborted();
    const folder = await privateFolder(options.tmpDir);
    let started: ServerProcess | null = null;
    try {
      started = await ServerProcess.start(folder.path, options);
      const found = await listening(started, folder.path, options.signal);
      return new TorchServe(found, started, folder, options);
    } catch (error) {
      await started?.end();
      await folder.remove();
      throw error;
    }
  }

  /** Leader of the process group: the server, and its workers. */
  get group(): number {
    return this.#process.group;
  }

  /**
   * Registers an archive (a file, or a folder) and waits for its workers. Throws ServingFailure with the worker's own
   * error.
   */
  async register(location: string, workers = 1): Promise<void> {
    const path = resolve(location);
    const name = basename(path);
    const place = join(this.#folder.path, "store", name);
    await rm(place, { recursive: true, force: true });
    // A worker runs in the folder that it is served from, and may write there: it gets a copy.
    if ((await stat(path)).isDirectory()) await cp(path, place, { recursive: true });
    else await symlink(path, place);
    const query = `url=${encodeURIComponent(name)}&initial_workers=${workers}&synchronous=true`;
    await this.#demand("load", "POST", `/models?${query}`);
    const listed = await this.#manage("GET", "/models");
    const [model] = registeredModels.parse(JSON.parse(listed.body)).models;
    if (model === undefined) throw new ServingFailure("load", "the server lists no model", null);
    this.#model = encodeURIComponent(model.modelName);
  }

  /** Ends the workers of what was registered. */
  async unregister(): Promise<void> {
    await this.#demand("load", "DELETE", `/models/${this.#model}`);
  }

  /** Process ids of the workers that are ready. */
  async workers(): Promise<number[]> {
    const { body } = await this.#manage("GET", `/models/${this.#model}`);
    const workers = descriptions.parse(JSON.parse(body)).flatMap((version) => version.workers);
    return workers.filter(({ status }) => status === "READY").map(({ pid }) => pid);
  }

  /** The answer to one request. Throws ServingFailure with the worker's own error. */
  async predict(body: RequestBody): Promise<string> {
    const sent = this.#now();
    const answer = await this.#ask(this.#doors.inference, "POST", `/predictions/${this.#model}`, body);
    if (answer.status === 200) return answer.body;
    throw await this.#failure("run", answer, sent);
  }

  /** Ends the server and its workers, and removes its folder. */
  async close(): Promise<void> {
    this.#client.close();
    await this.#process.end();
    await this.#folder.remove();
  }

  async #demand(stage: "load" | "run", method: string, path: string): Promise<void> {
    const sent = this.#now();
    const answer = await this.#manage(method, path);
    if (answer.status !== 200) throw await this.#failure(stage, answer, sent);
  }

  #manage(method: string, path: string): Promise<Answer> {
    return this.#ask(this.#doors.management, method, path);
  }

  async #ask(door: Door, method: string, path: string, body?: RequestBody): Promise<Answer> {
    try {
      return await this.#client.ask(door, method, path, this.#timeoutMs + graceMs, body);
    } catch (error) {
      if (error instanceof TimeoutError) throw new EngineFailure("timeout", `TorchServe gave ${error.message}`);
      if (error instanceof Error && error.name === "AbortError") throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new EngineFailure("crashed", this.#process.ended() ?? `TorchServe did not answer: ${reason}`);
    }
  }

  #now(): Sent {
    return { mark: this.#process.mark, at: performance.now() };
  }

  async #failure(stage: "load" | "run", { status, body }: Answer, sent: Sent): Promise<ServingFailure> {
    const waited = performance.now() - sent.at;
    const log = await this.#settledLog(sent.mark);
    const told = workerError(log);
    if (told !== null) return new ServingFailure(stage, told.message, told.at);
    const words = lastWords(log);
    const why = words === null ? "the worker said nothing" : `the worker's last words: ${words}`;
    const late = waited >= this.#timeoutMs ? `no answer within ${this.#timeoutMs / 1000} s; ` : "";
    return new ServingFailure(stage, `${late}TorchServe answers ${status}: ${messageIn(body)}; ${why}`, null);
  }

  /** The worker's log comes through a pipe, and may lag behind the answer. */
  async #settledLog(mark: number): Promise<string> {
    for (let tries = 0; tries < 20; tries += 1) {
      const before = this.#process.mark;
      await sleep(100);
      if (this.#process.mark === before) break;
    }
    return this.#process.logSince(mark);
  }
}

const errorBody = z.object({ message: z.string() });
const shown = 300;

function messageIn(body: string): string {
  try {
    return errorBody.parse(JSON.parse(body)).message;
  } catch {
    return body.trim().slice(0, shown);
  }
}
