import type { Builder } from "../builder.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { gather } from "./gather.ts";
import { iterate } from "./iteration.ts";
import { Maths } from "./maths.ts";
import { identity } from "./matrix-functions.ts";
import { sliceAxis } from "./rearrange.ts";
import { reduce } from "./reduce.ts";

/** Columns of the largest matrix that is rotated: the loop has some ten sweeps of as many rounds. */
const mostColumns = 512;

export interface Rotated {
  /** Columns at right angles to each other, A V. */
  readonly columns: TensorValue;
  /** What A was multiplied with, [..., n, n]. */
  readonly v: TensorValue;
  /** Lengths of the columns, the singular values, from the largest down. */
  readonly lengths: TensorValue;
}

/** After each round the columns move on as in a tournament, so that all pairs meet in n − 1 rounds. */
function tournament(n: number): number[] {
  const half = n / 2;
  const place = (i: number) => {
    if (i === 0) return 0;
    if (i === 1) return half;
    if (i < half) return i - 1;
    return i === n - 1 ? half - 1 : i + 1;
  };
  return Array.from({ length: n }, (_, i) => (n === 2 ? i : place(i)));
}

/** The rotation that puts two columns at right angles: its cosine and sine. */
function rotation(m: Maths, alpha: TensorValue, beta: TensorValue, gamma: TensorValue): [TensorValue, TensorValue] {
  const idle = m.lessEqual(m.abs(gamma), m.mul(m.sqrt(m.mul(alpha, beta)), 1e-15));
  const zeta = m.div(m.sub(beta, alpha), m.mul(m.where(idle, 1, gamma), 2));
  const size = m.unary("Reciprocal", m.add(m.abs(zeta), m.sqrt(m.add(m.square(zeta), 1))));
  const tangent = m.where(idle, 0, m.where(m.less(zeta, 0), m.neg(size), size));
  const cosine = m.unary("Reciprocal", m.sqrt(m.add(m.square(tangent), 1)));
  return [cosine, m.mul(cosine, tangent)];
}

/** One-sided Jacobi (Hestenes): columns of A are rotated in pairs until all are at right angles. In double precision. */
export function rotateColumns(builder: Builder, given: TensorValue): Rotated {
  const m = new Maths(builder);
  const [rows = 0, n = 0] = given.shape.slice(-2);
  if (n > mostColumns) throw unsupported(`singular values of ${n} columns`);
  const lead = given.shape.slice(0, -2);
  const [down, along] = [given.rank - 2, given.rank - 1];
  // An even number of columns: one of zeros takes part and is never rotated.
  const even = n + (n % 2);
  const wide = builder.cast(given, "float64");
  const padded = even === n ? wide : builder.concat([wide, builder.full("float64", 0, [...lead, rows, 1])], along);
  const start = builder.concat(
    [padded, builder.expand(identity(builder, "float64", even), [...lead, even, even])],
    down,
  );
  const half = even / 2;
  const order = builder.ints(tournament(even));
  const top = (x: TensorValue) => sliceAxis(builder, x, down, 0, rows);
  const dot = (x: TensorValue, y: TensorValue) => reduce(builder, "ReduceSum", m.mul(x, y), [down], true);
  const sweeps = 8 + Math.ceil(Math.log2(even + 1));
  const [turned] = iterate(builder, sweeps * (even - 1), [start], ([state]) => {
    const [p, q] = [sliceAxis(builder, state, along, 0, half), sliceAxis(builder, state, along, half, even)];
    const [a, b] = [top(p), top(q)];
    const [cosine, sine] = rotation(m, dot(a, a), dot(b, b), dot(a, b));
    const pair = [m.sub(m.mul(cosine, p), m.mul(sine, q)), m.add(m.mul(sine, p), m.mul(cosine, q))];
    const next = builder.concat(pair, along);
    return [builder.emit("Gather", [next, order], { axis: along }, { dtype: "float64", shape: state.shape })];
  });
  return sorted(m, turned, rows, n);
}

/** The longest column first; the column of zeros that was added goes. */
function sorted(m: Maths, turned: TensorValue, rows: number, n: number): Rotated {
  const { builder } = m;
  const [down, along, even] = [turned.rank - 2, turned.rank - 1, turned.shape[turned.rank - 1]];
  const lead = turned.shape.slice(0, -2);
  const part = (from: number, to: number) => sliceAxis(builder, turned, down, from, to);
  const lengths = m.sqrt(reduce(builder, "ReduceSum", m.square(part(0, rows)), [down], false));
  const last = builder.reshape(part(rows + n, rows + even), even === n ? [0] : lengths.shape);
  const ranked = even === n ? lengths : m.where(m.greater(last, 0.5), -1, lengths);
  const shape = [...lead, n];
  const [values, places] = builder.emitMany("TopK", [ranked, builder.ints([n])], { axis: shape.length - 1 }, [
    { dtype: "float64", shape },
    { dtype: "int64", shape },
  ]);
  const pick = (x: TensorValue, height: number) => {
    const index = builder.expand(builder.unsqueeze(places, [down]), [...lead, height, n]);
    return gather(builder, x, along, index);
  };
  return { columns: pick(part(0, rows), rows), v: pick(part(rows, rows + n), n), lengths: values };
}
