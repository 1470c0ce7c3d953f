import { readFileSync } from "node:fs";
import { type Profiler, Session } from "node:inspector/promises";

/** Counts which lines of the bundle ran. */
export class Coverage {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Share of the lines that ran, by source file (as esbuild names it above each module's code). */
  async lines(bundle: string): Promise<ReadonlyMap<string, { ran: number; all: number }>> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    const script = result.find(
      ({ url }) => url.startsWith("file:") && url.split("?")[0]?.endsWith(bundle.split("/").at(-1) ?? ""),
    );
    const text = readFileSync(bundle, "utf8");
    const idle = script === undefined ? new Uint8Array(text.length).fill(1) : unused(script, text.length);
    const found = new Map<string, { ran: number; all: number }>();
    let file = "";
    let at = 0;
    for (const line of text.split("\n")) {
      file = /^\/\/ (src\/\S+\.ts)$/u.exec(line)?.[1] ?? (/^\/\/ \S+\.[jt]s$/u.test(line) ? "" : file);
      const code = /[A-Za-z0-9]/u.test(line) && !/^\s*(?:\/\/|\*|\/\*)/u.test(line);
      if (file.startsWith("src/") && code) {
        const row = found.get(file) ?? { ran: 0, all: 0 };
        const first = at + line.search(/\S/u);
        found.set(file, { ran: row.ran + (idle[first] === 0 ? 1 : 0), all: row.all + 1 });
      }
      at += line.length + 1;
    }
    return found;
  }
}

/** Inner ranges come after outer ones and say more. */
function unused(script: Profiler.ScriptCoverage, length: number): Uint8Array {
  const idle = new Uint8Array(length);
  for (const { ranges } of script.functions) {
    for (const { startOffset, endOffset, count } of ranges) idle.fill(count === 0 ? 1 : 0, startOffset, endOffset);
  }
  return idle;
}
