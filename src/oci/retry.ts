import { setTimeout as sleep } from "node:timers/promises";
import { ArchiverError } from "../errors.ts";

/** A failure that may pass: a cut connection, 429, 5xx. */
export class Passing extends Error {
  /** Milliseconds that the server asked for. */
  readonly after: number | null;

  constructor(message: string, after: number | null = null, cause?: unknown) {
    super(message, { cause });
    this.name = "Passing";
    this.after = after;
  }
}

/** For those who keep what an interrupted transfer leaves: the same failure, with a sentence that says so. */
export function goesOn(error: unknown): unknown {
  if (!(error instanceof ArchiverError) || error.code !== "interrupted") return error;
  return new ArchiverError("interrupted", "interrupted; the same command goes on where this one stopped", {
    cause: error,
  });
}

export interface RetrySettings {
  /** Tries without any progress before giving up. */
  readonly attempts: number;
  /** Milliseconds before the second try; each further one waits twice as long. */
  readonly base: number;
}

export const defaultRetry: RetrySettings = { attempts: 6, base: 500 };
const longestWait = 30_000;

/** Counts failures in a row, and waits between them. */
export class Patience {
  readonly #settings: RetrySettings;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;

  constructor(settings: RetrySettings, signal: AbortSignal | undefined) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Something came through: start counting again. */
  progressed(): void {
    this.#failures = 0;
  }

  /** Waits before another try; throws ArchiverError `network` when there were enough, and what does not pass at once. */
  async next(error: unknown): Promise<void> {
    if (this.#signal?.aborted) throw new ArchiverError("interrupted", "interrupted", { cause: error });
    if (!(error instanceof Passing)) throw error;
    this.#failures += 1;
    if (this.#failures >= this.#settings.attempts) {
      throw new ArchiverError("network", `${error.message} (${this.#failures} tries)`, { cause: error });
    }
    const backoff = this.#settings.base * 2 ** (this.#failures - 1) * (0.75 + Math.random() / 2);
    const wait = Math.min(longestWait, Math.max(backoff, error.after ?? 0));
    await sleep(wait, undefined, this.#signal ? { signal: this.#signal } : {}).catch((cause: unknown) => {
      throw new ArchiverError("interrupted", "interrupted", { cause });
    });
  }
}
