/** A stream to write text to (bytes, where an entry is printed); `isTTY` and `columns` as on process.stdout. */
export interface TextSink {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The world as an argument: a test gives its own and needs no mocks. */
export interface Io {
  /** The answer. */
  readonly stdout: TextSink;
  /** Progress, warnings and errors. */
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted by Ctrl-C or SIGTERM; long work stops and leaves nothing behind. */
  readonly signal: AbortSignal;
  /** 0 yes · 1 the answer is no · 2 could not · 3 bug · 130 interrupted. A command sets it; `main` returns it. */
  exitCode: number;
}
