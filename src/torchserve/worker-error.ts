/** What a worker died of, or answered with, in its own words. */
export interface WorkerError {
  /** `KeyError: 'weights'` */
  readonly message: string;
  /** `handler.py:12`: the deepest line of the archive's own code, where there is one. */
  readonly at: string | null;
}

interface Traceback {
  readonly frames: readonly { readonly file: string; readonly line: string }[];
  readonly message: string;
}

const head = "Traceback (most recent call last):";
const kept = 600;

/** The error that a server's log tells of its worker; null where no Python error is in it. */
export function workerError(log: string): WorkerError | null {
  const lines = log.split("\n").flatMap((line) => /MODEL_LOG - (.*)$/.exec(line)?.[1] ?? []);
  const told = tracebacks(lines);
  const last = told.at(-1);
  if (last === undefined) return null;
  // A handler whose import fails is looked for among the server's own, which hides why: that stands before.
  const cause = isFallback(last) ? (told.at(-2) ?? last) : last;
  return { message: cause.message.slice(0, kept), at: placeOf(cause) };
}

const isFallback = ({ message }: Traceback): boolean => message.includes("No module named 'ts.torch_handler.");

/** In the order of the log; none of those that it ends within. */
function tracebacks(lines: readonly string[]): Traceback[] {
  const starts = lines.flatMap((line, at) => (line === head ? [at + 1] : []));
  return starts.flatMap((start, i) => traceback(lines.slice(start, starts[i + 1])) ?? []);
}

function traceback(lines: readonly string[]): Traceback | null {
  const frames = lines.flatMap((line) => {
    const [, file, number] = /^ {2}File "(.+)", line (\d+)/.exec(line) ?? [];
    return file === undefined || number === undefined ? [] : [{ file, line: number }];
  });
  const at = lines.findIndex((line) => /^[A-Za-z_]/.test(line));
  if (at < 0) return null;
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => !/^\s+\S/.test(line));
  const more = rest.slice(0, end < 0 ? rest.length : end).map((line) => line.trim());
  return { frames, message: [lines[at], ...more].join(" ") };
}

/** Archives are unpacked to `models/<uuid>`; folders are served from the store. */
function placeOf({ frames }: Traceback): string | null {
  const own = frames.flatMap(({ file, line }) => {
    const path = /\/(?:models\/[0-9a-f]{32}|store\/[^/]+)\/(.+)$/.exec(file)?.[1];
    return path === undefined ? [] : [`${path}:${line}`];
  });
  return own.at(-1) ?? null;
}

/** The last line on a worker's stderr, such as a native crash leaves; null where there is none. */
export function lastWords(log: string): string | null {
  const lines = log.split("\n").flatMap((line) => /-stderr MODEL_LOG - (.*\S.*)$/.exec(line)?.[1] ?? []);
  return lines.at(-1)?.slice(0, kept) ?? null;
}
