import type { Io } from "./io.ts";
import { processIo } from "./process-io.ts";
import { toolVersion } from "./version.ts";

/** Runs one command line and gives its exit code: 0 yes · 1 the answer is no · 2 could not · 3 bug · 130 interrupted. */
export async function main(argv: readonly string[] = process.argv.slice(2), io: Io = processIo()): Promise<number> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    io.stdout.write(`${toolVersion()}\n`);
    return 0;
  }
  const { run } = await import("./program.ts");
  return run(argv, io);
}
