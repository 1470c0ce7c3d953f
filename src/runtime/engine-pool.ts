import { EngineFailure, type EngineOptions, EngineProcess } from "./session.ts";

/** Engine processes, each used by one model at a time and then by the next; one that died is replaced. */
export class EnginePool {
  readonly #options: EngineOptions;
  readonly #idle: EngineProcess[] = [];
  readonly #all = new Set<EngineProcess>();
  #missing: EngineFailure | null = null;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Set once an engine was wanted and none is installed. */
  get missing(): boolean {
    return this.#missing !== null;
  }

  /** Starts a process that loads the engine while its caller does other things. */
  warm(): void {
    this.#idle.push(this.#start());
  }

  /** Gives `work` a process for itself. Throws EngineFailure. */
  async use<T>(work: (engine: EngineProcess) => Promise<T>): Promise<T> {
    if (this.#missing) throw this.#missing;
    const engine = this.#idle.pop() ?? this.#start();
    try {
      return await work(engine);
    } catch (error) {
      if (error instanceof EngineFailure && error.problem === "missing") this.#missing = error;
      throw error;
    } finally {
      if (engine.alive && !this.missing) this.#idle.push(engine);
      else this.#end(engine);
    }
  }

  /** Ends every process. */
  close(): void {
    for (const engine of this.#all) this.#end(engine);
    this.#idle.length = 0;
  }

  #start(): EngineProcess {
    const engine = new EngineProcess(this.#options);
    this.#all.add(engine);
    return engine;
  }

  #end(engine: EngineProcess): void {
    this.#all.delete(engine);
    engine.close();
  }
}
