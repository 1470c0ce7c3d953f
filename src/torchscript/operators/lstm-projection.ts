import type { Builder } from "../builder.ts";
import { unsupported } from "../lowering-error.ts";
import type { TensorValue } from "../tensor-value.ts";
import { lstmCell } from "./recurrent-cells.ts";
import type { Run, Weights } from "./recurrent.ts";
import { matmul } from "./products.ts";
import { sliceAxis } from "./rearrange.ts";

/** Steps that are written out, one after the other, because ONNX's LSTM has no projection. */
const mostSteps = 512;

/** An LSTM whose hidden state is projected (proj_size), over [time, batch, size]. */
export function projectedLstm(
  builder: Builder,
  x: TensorValue,
  weights: Weights,
  h0: TensorValue,
  c0: TensorValue | null,
  reverse: boolean,
): Run {
  const { projection } = weights;
  const [time, , size] = x.shape;
  if (projection === null || c0 === null) throw unsupported("a projected LSTM without its projection");
  if (time > mostSteps) throw unsupported(`aten::lstm with a projection over ${time} steps`);
  const transposed = builder.transpose(projection, [1, 0]);
  let [h, c] = [h0, c0];
  const outputs: TensorValue[] = [];
  for (let step = 0; step < time; step++) {
    const t = reverse ? time - 1 - step : step;
    const now = builder.reshape(sliceAxis(builder, x, 0, t, t + 1), [x.shape[1], size]);
    const next = lstmCell(builder, now, h, c, weights);
    [h, c] = [matmul(builder, next.hidden, transposed), next.cell];
    outputs[t] = builder.unsqueeze(h, [0]);
  }
  return { output: builder.concat(outputs, 0), hidden: h, cell: c };
}
