import { main } from "../../src/cli/main.ts";
import type { Io } from "../../src/cli/io.ts";

export interface MainRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in process. */
export async function runMain(argv: readonly string[], io: Partial<Io> = {}): Promise<MainRun> {
  let stdout = "";
  let stderr = "";
  const exitCode = await main(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    cwd: process.cwd(),
    signal: new AbortController().signal,
    exitCode: 0,
    ...io,
  });
  return { exitCode, stdout, stderr };
}
