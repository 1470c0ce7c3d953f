// Runs commands and says what they cost. Python's wait4 gives the kernel's own figures of a child and costs nothing
// while it runs; without Python only the wall clock is known.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

// The peaks of all processes of a command at one time are added, since two processes of ours are two; what it read is
// known as long as nobody has asked for its end.
const waiter = `
import json, os, sys, threading, time
null = os.open(os.devnull, os.O_RDWR)

def lines(path):
    try:
        with open(path) as file:
            return file.read().splitlines()
    except OSError:
        return []

def tree(pid):
    pids = [pid]
    for one in pids:
        pids += [int(child) for line in lines(f"/proc/{one}/task/{one}/children") for child in line.split()]
    return pids

def peak(pid):
    rows = [line.split() for line in lines(f"/proc/{pid}/status") if line.startswith("VmHWM")]
    return int(rows[0][1]) * 1024 if rows else 0

def watch(pid, ended, peaks):
    while not ended.wait(0.02):
        peaks.append(sum(peak(one) for one in tree(pid)))

def read_by(pid):
    rows = [line.split() for line in lines(f"/proc/{pid}/io") if line.startswith("rchar")]
    return int(rows[0][1]) if rows else None

for line in sys.stdin:
    ask = json.loads(line)
    os.chdir(ask["cwd"])
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    ended, peaks = threading.Event(), [0]
    start = time.perf_counter()
    try:
        pid = os.posix_spawnp(ask["argv"][0], ask["argv"], {**os.environ, **ask["env"]}, file_actions=actions)
        watcher = threading.Thread(target=watch, args=(pid, ended, peaks))
        watcher.start()
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - start
        ended.set()
        watcher.join()
        read = read_by(pid)
        _, status, use = os.wait4(pid, 0)
        answer = {"wall": wall, "cpu": use.ru_utime + use.ru_stime, "rss": max(use.ru_maxrss * 1024, *peaks),
                  "read": read, "code": os.waitstatus_to_exitcode(status)}
    except OSError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
`;

/**
 * @typedef {{ wall: number, cpu: number | null, rss: number | null, read: number | null, code: number }} Cost
 *   seconds, seconds, bytes, bytes
 * @typedef {{ argv: readonly string[], cwd: string, env?: Record<string, string> }} Call
 */

/** A process that starts others, one at a time. */
export class Meter {
  #child;
  #answers;

  constructor(/** @type {string} */ python) {
    this.#child = spawn(python, ["-S", "-c", waiter], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.on("error", () => undefined);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @returns {Promise<Cost>} */
  async run(/** @type {Call} */ { argv, cwd, env = {} }) {
    if (this.#child.pid === undefined) return wallOnly(argv, cwd, env);
    this.#child.stdin.write(`${JSON.stringify({ argv, cwd, env })}\n`);
    const { value } = await this.#answers.next();
    const answer = JSON.parse(value ?? '{"error":"the measuring process ended"}');
    if (answer.error !== undefined) throw new Error(`${argv.join(" ")}: ${answer.error}`);
    return answer;
  }

  close() {
    this.#child.stdin?.end();
  }
}

/** @returns {Promise<Cost>} */
function wallOnly(/** @type {readonly string[]} */ [file = "", ...args], cwd, env) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: "ignore" });
    child.on("error", reject);
    child.on("exit", (code) => {
      resolve({
        wall: (performance.now() - start) / 1000,
        cpu: null,
        rss: null,
        read: null,
        code: code ?? 1,
      });
    });
  });
}

/** Smallest, middle and largest; null for none. */
export function spread(/** @type {readonly (number | null)[]} */ values) {
  const sorted = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  if (sorted.length === 0) return null;
  return { min: sorted[0], median: sorted[sorted.length >> 1], max: sorted.at(-1) };
}
