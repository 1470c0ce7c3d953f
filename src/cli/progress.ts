import { formatDuration, formatSize } from "../report/text.ts";
import type { Io } from "./io.ts";

export interface Progress {
  /** Bytes done so far, of `total` where it is known. */
  update(done: number, total?: number): void;
  /** Takes the line away. */
  end(): void;
}

export interface ProgressOptions {
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const interval = 100;
const silent: Progress = { update() {}, end() {} };

/**
 * One line on stderr with bytes, share and rate, redrawn ten times a second. Only on a terminal; never in CI, with
 * --quiet or --json. Nothing is drawn for work that ends within half a second.
 */
export function progress(io: Io, label: string, options: ProgressOptions = {}): Progress {
  if (!io.stderr.isTTY || options.quiet || options.json || io.env["CI"]) return silent;
  const started = Date.now();
  let drawn = started + 400;
  let visible = false;
  return {
    update(done, total) {
      const now = Date.now();
      if (now - drawn < interval) return;
      drawn = now;
      visible = true;
      const line = `${label}  ${describe(done, total, now - started)}`;
      io.stderr.write(`\r\u001b[K${line.slice(0, (io.stderr.columns ?? 80) - 1)}`);
    },
    end() {
      if (visible) io.stderr.write("\r\u001b[K");
    },
  };
}

function describe(done: number, total: number | undefined, elapsed: number): string {
  const rate = done / Math.max(elapsed / 1000, 0.001);
  const amount = total
    ? `${formatSize(done)} of ${formatSize(total)}  ${Math.floor((done / total) * 100)} %`
    : formatSize(done);
  const left = total && rate > 0 ? `  ${formatDuration(((total - done) / rate) * 1000)} left` : "";
  return `${amount}  ${formatSize(Math.round(rate))}/s${left}`;
}
