import type { Prepared } from "../checks/model/prepare.ts";
import { EngineFailure, type EngineOptions, EngineProcess } from "../runtime/session.ts";

/** One point of a search: so many workers, each with so many threads, at this batch. */
export interface Point {
  readonly workers: number;
  /** Threads of each worker; 0: the engine's own choice. */
  readonly threads: number;
  readonly batch: number;
}

/** What a point gave. */
export interface Throughput extends Point {
  /** Rows a second, all workers together. */
  readonly rowsPerSecond: number;
  /** Milliseconds of every run of every worker. */
  readonly times: readonly number[];
  /** Processor time of all workers since the point before, starting and loading included, ms. */
  readonly cpuMs: number;
  /** Sum of the workers' resident memory, bytes. */
  readonly peakMemory: number;
}

/** Engine processes that answer at the same time, as the workers of a server. */
export class Fleet {
  readonly #options: EngineOptions;
  #engines: EngineProcess[] = [];
  readonly #counted = new WeakMap<EngineProcess, number>();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Loads the model in each worker, warms them up, and runs them side by side. Null where it does not take the batch. */
  async measure(prepared: Prepared, point: Point, milliseconds: number): Promise<Throughput | null> {
    const { workers, threads, batch } = point;
    this.#size(workers);
    const outputs = prepared.outputs;
    try {
      await Promise.all(this.#engines.map((engine) => engine.load(prepared.model, { optimization: "all", threads })));
      const warmUp = { outputs, milliseconds: milliseconds / 10, maxRuns: 20 };
      await Promise.all(this.#engines.map((engine) => engine.measure(prepared.feeds, warmUp)));
      const limits = { outputs, milliseconds, maxRuns: 1_000_000 };
      const done = await Promise.all(this.#engines.map((engine) => engine.measure(prepared.feeds, limits)));
      const rates = done.map(({ times, elapsedMs }) => (times.length * batch * 1000) / elapsedMs);
      return {
        ...point,
        rowsPerSecond: rates.reduce((sum, rate) => sum + rate, 0),
        times: done.flatMap(({ times }) => [...times]),
        cpuMs: this.#used(done.map(({ totalCpuMs }) => totalCpuMs)),
        peakMemory: done.reduce((sum, { peakMemory }) => sum + peakMemory, 0),
      };
    } catch (error) {
      if (error instanceof EngineFailure && error.problem === "refused") return null;
      throw error;
    }
  }

  /** Name and version of the engine; null before the first measurement. */
  async engine(): Promise<string | null> {
    return (await this.#engines[0]?.engine) ?? null;
  }

  close(): void {
    for (const engine of this.#engines) engine.close();
    this.#engines = [];
  }

  /** What the workers used since they were asked last. */
  #used(totals: readonly number[]): number {
    let used = 0;
    for (const [i, engine] of this.#engines.entries()) {
      const total = totals[i] ?? 0;
      used += total - (this.#counted.get(engine) ?? 0);
      this.#counted.set(engine, total);
    }
    return used;
  }

  #size(workers: number): void {
    for (const engine of this.#engines.splice(workers)) engine.close();
    while (this.#engines.length < workers) this.#engines.push(new EngineProcess(this.#options));
  }
}
