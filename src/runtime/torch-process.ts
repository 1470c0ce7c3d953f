import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { packageFile } from "../package-file.ts";
import { cleanEnvironment } from "./clean-environment.ts";
import type { Measured } from "./session-protocol.ts";
import { EngineFailure } from "./session.ts";
import { lastLine, type TorchEngineOptions, TorchFailure, type TorchRequest, writeRequest } from "./torch-engine.ts";

const startedAnswer = z.union([
  z.object({ missing: z.string() }),
  z.object({ failure: z.string(), stage: z.enum(["load", "run"]) }),
  z.object({ engine: z.string(), loadMs: z.number(), firstMs: z.number() }),
]);

const measuredAnswer = z.object({
  times: z.array(z.number()),
  elapsedMs: z.number(),
  cpuMs: z.number(),
  totalCpuMs: z.number(),
  peakMemory: z.number(),
});

const keptText = 4096;

/** A Python with PyTorch and the model in it, which stays and runs it again and again. */
export class TorchProcess {
  readonly engine: string;
  readonly loadMs: number;
  readonly firstMs: number;
  readonly #lines: Lines;

  private constructor(lines: Lines, facts: { engine: string; loadMs: number; firstMs: number }) {
    this.#lines = lines;
    [this.engine, this.loadMs, this.firstMs] = [facts.engine, facts.loadMs, facts.firstMs];
  }

  /** Loads the model and runs it once, in `folder`, which is fresh. Throws EngineFailure, or TorchFailure. */
  static async start(folder: string, request: TorchRequest, options: TorchEngineOptions): Promise<TorchProcess> {
    await writeRequest(folder, request);
    const lines = new Lines(folder, options);
    try {
      const answer = startedAnswer.parse(await lines.next(options.timeoutMs));
      if ("missing" in answer) throw new EngineFailure("missing", answer.missing);
      if ("failure" in answer) throw new TorchFailure(answer.stage, answer.failure);
      return new TorchProcess(lines, answer);
    } catch (error) {
      lines.close();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#lines.child.pid;
  }

  /** Runs until the time is up, timed where the model is. */
  async measure(limits: { readonly milliseconds: number; readonly maxRuns: number }): Promise<Measured> {
    this.#lines.child.stdin?.write(`${JSON.stringify(limits)}\n`);
    const { times, ...rest } = measuredAnswer.parse(await this.#lines.next(limits.milliseconds));
    return { ...rest, times: Float64Array.from(times) };
  }

  close(): void {
    this.#lines.close();
  }
}

/** The lines that the process says, one for each question. */
class Lines {
  readonly child: ChildProcess;
  readonly #timeoutMs: number;
  #failure: EngineFailure | null = null;
  #waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | null = null;

  constructor(folder: string, { python, timeoutMs, signal }: TorchEngineOptions) {
    this.#timeoutMs = timeoutMs;
    this.child = spawn(python, ["-B", packageFile("data/torch-engine.py"), folder, "--measure"], {
      cwd: folder,
      env: cleanEnvironment(folder),
      stdio: ["pipe", "pipe", "pipe"],
      killSignal: "SIGKILL",
      ...(signal ? { signal } : {}),
    });
    let text = "";
    this.child.stderr?.setEncoding("utf8").on("data", (part: string) => {
      text = (text + part).slice(-keptText);
    });
    if (this.child.stdout) createInterface(this.child.stdout).on("line", (line) => this.#waiting?.resolve(line));
    // It may have ended when we ask; its exit says why.
    this.child.stdin?.on("error", () => undefined);
    this.child.on("error", (error) => {
      const missing = "code" in error && error.code === "ENOENT";
      this.#fail(new EngineFailure(missing ? "missing" : "crashed", missing ? `there is no ${python}` : error.message));
    });
    this.child.on("close", (code, killed) => {
      this.#fail(new EngineFailure("crashed", lastLine(text) ?? `${python} ended with ${killed ?? code}`));
    });
  }

  /** The next line, read as JSON; `more`: what may pass besides the time limit, ms. */
  async next(more: number): Promise<unknown> {
    if (this.#failure) throw this.#failure;
    let timer: NodeJS.Timeout | undefined;
    try {
      const line = await new Promise<string>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        const late = new EngineFailure("timeout", `PyTorch took longer than ${this.#timeoutMs / 1000} s`);
        timer = setTimeout(() => this.#fail(late), this.#timeoutMs + more);
      });
      const value: unknown = JSON.parse(line);
      return value;
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  close(): void {
    this.child.kill("SIGKILL");
  }

  #fail(failure: EngineFailure): void {
    this.#failure ??= failure;
    this.#waiting?.reject(this.#failure);
    if (failure.problem === "timeout") this.close();
  }
}
