import type { Io } from "./io.ts";

/** Milliseconds that work gets to clean up and end once it is aborted. */
const grace = 10_000;

/** The real world. The first Ctrl-C or SIGTERM aborts the work, which then cleans up; the second ends at once. */
export function processIo(): Io {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) return endNow();
    controller.abort();
    setTimeout(endNow, grace).unref();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) is no error; the exit code is still the answer.
    if (error.code === "EPIPE") return;
    process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
    process.exit(2);
  });
  let stderr: typeof process.stderr | null = null;
  return {
    stdout: process.stdout,
    // Made when it is first used: most runs write nothing there.
    get stderr() {
      // Where it cannot be written nobody can be told.
      return (stderr ??= process.stderr.on("error", () => undefined));
    },
    env: process.env,
    // Asked for when it is needed: the folder may have been removed.
    get cwd() {
      return process.cwd();
    },
    signal: controller.signal,
    exitCode: 0,
  };
}

/** By the signal's own effect: `process.exit` waits for what the system does not give back, such as a pipe's first byte. */
function endNow(): void {
  process.emit("exit", 130);
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
}
