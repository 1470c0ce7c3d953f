import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { devNull } from "node:os";
import { parse } from "node:path";
import { fileURLToPath } from "node:url";
import type { SessionModel } from "../graph/session-model.ts";
import type {
  Answer,
  FedTensor,
  Loaded,
  LoadRequest,
  Measured,
  MeasureRequest,
  Ran,
  Request,
} from "./session-protocol.ts";

/** Why the engine gave no answer. `refused`: it answered, with an error. */
export type EngineProblem = "missing" | "timeout" | "crashed" | "refused";

/** Thrown by sessions; the message is one sentence for people. */
export class EngineFailure extends Error {
  readonly problem: EngineProblem;

  constructor(problem: EngineProblem, message: string) {
    super(message);
    this.name = "EngineFailure";
    this.problem = problem;
  }
}

export interface EngineOptions {
  /** Where an engine of the user's project is looked for. */
  readonly project: string;
  /** For loading and running one model, ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface LoadOptions {
  readonly optimization?: LoadRequest["optimization"];
  readonly threads?: number;
}

export interface RunOptions {
  readonly outputs?: readonly string[];
  readonly raw?: boolean;
  /** Runs again, and compares. */
  readonly twice?: boolean;
}

const stderrKept = 4096;

/** One process with one engine in it; loads one model after another. After a failure other than `refused` it is gone. */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #started: Promise<string>;
  readonly #timeoutMs: number;
  #deadline: number;
  #stderr = "";
  #failure: EngineFailure | null = null;
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;

  /** Starts at once, so that the engine loads while its caller does other things. */
  constructor(options: EngineOptions) {
    this.#timeoutMs = options.timeoutMs;
    this.#deadline = performance.now() + options.timeoutMs;
    this.#child = fork(processFile(), [options.project], {
      cwd: parse(process.cwd()).root,
      env: engineEnvironment(process.env),
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      ...(options.signal ? { signal: options.signal, killSignal: "SIGKILL" as const } : {}),
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrKept);
    });
    this.#child.on("message", (answer: Answer) => this.#take(answer));
    this.#child.on("error", (error) => this.#fail(new EngineFailure("crashed", error.message)));
    this.#child.on("exit", (code, signal) => this.#fail(crash(code, signal, this.#stderr)));
    this.#started = this.#expect().then((answer) => {
      if (answer.kind === "started") return answer.engine;
      throw new EngineFailure("missing", answer.kind === "missing" ? answer.reason : "the engine did not start");
    });
    this.#started.catch(() => undefined);
  }

  /** Name and version of the engine. Throws EngineFailure `missing` when none is installed. */
  get engine(): Promise<string> {
    return this.#started;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#failure === null;
  }

  /** Takes the place of the model before. The time limit runs from here. */
  async load(model: SessionModel, options: LoadOptions = {}): Promise<Loaded> {
    await this.#started;
    this.#deadline = performance.now() + this.#timeoutMs;
    const { optimization = "basic", threads = 0 } = options;
    const answer = await this.#ask({ kind: "load", bytes: model.bytes, folder: model.folder, optimization, threads });
    if (answer.kind !== "loaded") throw unexpected(answer);
    return answer.value;
  }

  async run(feeds: readonly FedTensor[], options: RunOptions = {}): Promise<Ran> {
    const { outputs = null, raw = false, twice = false } = options;
    const answer = await this.#ask({ kind: "run", feeds, outputs, raw, twice });
    if (answer.kind !== "ran") throw unexpected(answer);
    return answer.value;
  }

  /** Runs until the time is up, timed in the engine's process. The time limit runs from here. */
  async measure(
    feeds: readonly FedTensor[],
    { outputs, milliseconds, maxRuns }: Omit<MeasureRequest, "kind" | "feeds">,
  ): Promise<Measured> {
    this.#deadline = performance.now() + this.#timeoutMs + milliseconds;
    const answer = await this.#ask({ kind: "measure", feeds, outputs, milliseconds, maxRuns });
    if (answer.kind !== "measured") throw unexpected(answer);
    return answer.value;
  }

  async release(): Promise<void> {
    await this.#ask({ kind: "release" });
  }

  /** Ends the process; nobody waits until the kernel has taken its memory back. */
  close(): void {
    this.#fail(new EngineFailure("crashed", "the engine was closed"));
    this.#child.kill("SIGKILL");
    this.#child.unref();
    this.#child.channel?.unref();
    this.#child.stderr?.destroy();
  }

  async #ask(request: Request): Promise<Answer> {
    if (this.#failure) throw this.#failure;
    const answer = this.#expect();
    this.#child.send(request, (error) => {
      if (error) this.#fail(new EngineFailure("crashed", error.message));
    });
    return answer;
  }

  #expect(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const left = Math.max(this.#deadline - performance.now(), 1);
      const timer = setTimeout(() => this.#expire(), left);
      this.#waiting = {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
    });
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (answer.kind === "failed") waiting?.reject(new EngineFailure("refused", answer.message));
    else waiting?.resolve(answer);
  }

  #expire(): void {
    this.#fail(new EngineFailure("timeout", `no answer within ${this.#timeoutMs / 1000} s`));
    this.close();
  }

  #fail(failure: EngineFailure): void {
    this.#failure ??= failure;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#failure);
  }
}

function unexpected(answer: Answer): EngineFailure {
  return new EngineFailure("crashed", `the engine answered ${answer.kind}`);
}

function crash(code: number | null, signal: NodeJS.Signals | null, stderr: string): EngineFailure {
  const last = stderr.trim().split("\n").at(-1) ?? "";
  const detail = last === "" ? "" : `: ${last}`;
  if (signal === "SIGKILL")
    return new EngineFailure("crashed", `the engine was killed, most likely out of memory${detail}`);
  return new EngineFailure("crashed", `the engine crashed (${signal ?? `exit code ${code}`})${detail}`);
}

/**
 * What the engine needs to start; no secrets of the environment reach the process that loads a stranger's model.
 * onnxruntime 1.30 reports its use to its maker unless told not to, and even then writes a session's identity to the
 * folder for temporary files: there is none for it.
 */
function engineEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const wanted = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SystemRoot", "APPDATA", "TEMP", "TMP"];
  const kept = [...wanted, "npm_config_prefix", "OMP_NUM_THREADS"].flatMap((key) =>
    env[key] === undefined ? [] : [[key, env[key]] as const],
  );
  return { ...Object.fromEntries(kept), ORT_DISABLE_TELEMETRY: "1", TMPDIR: devNull };
}

/** Beside this module in dist/runtime; one folder up from the bundle's chunks; from source, the built one. */
function processFile(): string {
  const places = ["./session-process.js", "../session-process.js", "../../dist/cli/session-process.js"];
  const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return files.find((file) => existsSync(file)) ?? files[0] ?? "";
}
