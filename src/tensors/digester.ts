import { createHash, type Hash } from "node:crypto";
import { bytesIn, endOf, type Layout, type Run, runsOf, type StoredTensor } from "./stored-tensor.ts";

/** A tensor in a stream of bytes; `offset` is where in it the tensor's source begins. */
export interface PlacedTensor {
  readonly tensor: StoredTensor;
  readonly offset: number;
}

/** A hash of bytes that go by, and the tensors that they are. */
interface Waiting {
  readonly tensors: StoredTensor[];
  readonly hash: Hash;
  readonly runs: Iterator<Run>;
  /** The run that comes next; null: all went by. */
  run: Run | null;
}

/** Runs shorter than this are gathered: each update of a hash costs as much as some hundred bytes. */
const shortRun = 1 << 12;

/** SHA-256 of tensors, from blocks of what they lie in, each block once and in order. */
export class TensorDigester {
  readonly #coming: Waiting[];
  readonly #active: Waiting[] = [];
  readonly #digests = new Map<StoredTensor, string>();
  readonly #gathered = Buffer.allocUnsafe(64 << 10);
  /** First and last byte that a tensor wants. */
  readonly span: Run;

  constructor(placed: readonly PlacedTensor[]) {
    const shared = new Map<string, Waiting>();
    for (const { tensor, offset } of placed) {
      const key = `${offset} ${JSON.stringify(tensor.parts)}`;
      const known = shared.get(key);
      if (known === undefined) shared.set(key, waiting(tensor, offset));
      else known.tensors.push(tensor);
    }
    this.span = spanOf(placed);
    // Taken from the end.
    this.#coming = [...shared.values()].toSorted((a, b) => (b.run?.start ?? 0) - (a.run?.start ?? 0));
    this.#takeDone(this.#coming);
  }

  take(block: Uint8Array, position: number): void {
    const end = position + block.length;
    for (let next = this.#coming.at(-1); next?.run && next.run.start < end; next = this.#coming.at(-1)) {
      this.#active.push(next);
      this.#coming.pop();
    }
    for (const one of this.#active) this.#update(one, block, position);
    this.#takeDone(this.#active);
  }

  /** Lower-case hex, of the tensors whose bytes have all gone by. */
  get digests(): ReadonlyMap<StoredTensor, string> {
    return this.#digests;
  }

  #update(one: Waiting, block: Uint8Array, position: number): void {
    const end = position + block.length;
    let held = 0;
    const flush = (): void => {
      if (held > 0) one.hash.update(this.#gathered.subarray(0, held));
      held = 0;
    };
    while (one.run !== null && one.run.start < end) {
      const { start, end: last } = one.run;
      const part = block.subarray(Math.max(start, position) - position, Math.min(last, end) - position);
      if (part.length > shortRun) {
        flush();
        one.hash.update(part);
      } else {
        if (held + part.length > this.#gathered.length) flush();
        this.#gathered.set(part, held);
        held += part.length;
      }
      if (last > end) break;
      one.run = nextOf(one.runs);
    }
    flush();
  }

  #takeDone(list: Waiting[]): void {
    if (!list.some(({ run }) => run === null)) return;
    const rest = list.filter(({ run }) => run !== null);
    for (const { run, hash, tensors } of list) {
      if (run !== null) continue;
      const digest = hash.digest("hex");
      for (const tensor of tensors) this.#digests.set(tensor, digest);
    }
    list.splice(0, list.length, ...rest);
  }
}

function spanOf(placed: readonly PlacedTensor[]): Run {
  let [start, end] = [Number.POSITIVE_INFINITY, 0];
  for (const { tensor, offset } of placed) {
    for (const part of tensor.parts) {
      if (bytesIn(part) === 0) continue;
      start = Math.min(start, offset + part.offset);
      end = Math.max(end, offset + endOf(part));
    }
  }
  return { start: Math.min(start, end), end };
}

function waiting(tensor: StoredTensor, offset: number): Waiting {
  const runs = shifted(tensor.parts, offset);
  return { tensors: [tensor], hash: createHash("sha256"), runs, run: nextOf(runs) };
}

function* shifted(parts: readonly Layout[], offset: number): Generator<Run> {
  for (const part of parts)
    for (const { start, end } of runsOf(part)) yield { start: start + offset, end: end + offset };
}

function nextOf(runs: Iterator<Run>): Run | null {
  const { value, done } = runs.next();
  return done === true ? null : value;
}
