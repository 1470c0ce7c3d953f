import { unsupported } from "../lowering-error.ts";
import { TensorValue } from "../tensor-value.ts";
import { ListValue, TupleValue, type Value } from "../value.ts";
import { activations } from "./activations.ts";
import { arithmetic } from "./arithmetic.ts";
import { binaryFormulas } from "./binary-formulas.ts";
import { choices } from "./choices.ts";
import { comparison } from "./comparison.ts";
import { complexFunctions } from "./complex-functions.ts";
import { conversions } from "./conversions.ts";
import { creation } from "./creation.ts";
import { dicts } from "./dicts.ts";
import { distincts } from "./distinct.ts";
import { fromValues } from "./from-values.ts";
import { indexing } from "./indexing.ts";
import { interleaving } from "./interleave.ts";
import { lists } from "./lists.ts";
import { listQuestions } from "./list-questions.ts";
import { properties } from "./properties.ts";
import { reductions } from "./reductions.ts";
import { scalars } from "./scalars.ts";
import { slices } from "./slices.ts";
import { softmaxes } from "./softmax.ts";
import { suppression } from "./suppression.ts";
import { texts } from "./texts.ts";
import { unary } from "./unary.ts";
import { views } from "./views.ts";
import { writes } from "./writes.ts";

const groups = [
  activations,
  arithmetic,
  binaryFormulas,
  choices,
  comparison,
  complexFunctions,
  conversions,
  creation,
  dicts,
  distincts,
  fromValues,
  indexing,
  interleaving,
  lists,
  listQuestions,
  properties,
  reductions,
  scalars,
  slices,
  softmaxes,
  suppression,
  texts,
  unary,
  views,
  writes,
];

/** Operators that work with any sizes of their operands unknown. */
const anySize: ReadonlySet<string> = new Set([
  ...groups.flatMap((group) => group.map(({ name }) => name)),
  ...(
    "cat concat concatenate stack hstack vstack row_stack dstack column_stack broadcast_tensors broadcast_to block_diag " +
    "split split_with_sizes arange sort argsort topk msort gather index_select take one_hot flip fliplr flipud repeat tile " +
    "cumsum embedding layer_norm native_layer_norm rms_norm linear matmul mm bmm mv dot outer addmm addmv addbmm baddbmm einsum tril triu var std norm " +
    "linalg_vector_norm index_put _index_put_impl scaled_dot_product_attention dropout pairwise_distance cosine_similarity " +
    "cdist scatter scatter_add scatter_reduce index_add " +
    "index_copy index_fill index_reduce lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell _transformer_encoder_layer_fwd _native_multi_head_attention isin bucketize pad_sequence searchsorted constant_pad_nd pad chunk upsample_nearest2d upsample_bilinear2d upsample_bicubic2d"
  )
    .split(" ")
    .map((name) => `aten::${name}`),
]);

/** Operators that work with the first size of their operands unknown: that of the batch, mostly. */
const anyBatch: ReadonlySet<string> = new Set([
  ...(
    "conv1d conv2d conv3d convolution _convolution conv_transpose1d conv_transpose2d conv_transpose3d batch_norm " +
    "_native_batch_norm_legit_no_training group_norm instance_norm max_pool1d max_pool2d max_pool3d " +
    "avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d " +
    "upsample_nearest1d pixel_shuffle unbind unfold " +
    "reflection_pad2d replication_pad2d roll diagonal glu tensor_split cumprod grid_sampler channel_shuffle im2col"
  )
    .split(" ")
    .map((name) => `aten::${name}`),
  "torchvision::roi_align",
  "torchvision::roi_pool",
  "torchvision::deform_conv2d",
]);

/** Throws LoweringError where an operator would need a size that only running the graph tells. */
export function refuseUnknownSizes(name: string, values: Iterable<Value>): void {
  const bare = name.endsWith("_") && !name.endsWith("__") ? name.slice(0, -1) : name;
  if (anySize.has(name) || anySize.has(bare)) return;
  const skip = anyBatch.has(bare) ? 1 : 0;
  if (hasUnknownSize(values, skip)) {
    throw unsupported(`${name} of a tensor whose size depends on the values of another`);
  }
}

function hasUnknownSize(values: Iterable<Value>, skip: number): boolean {
  for (const value of values) {
    if (value instanceof TensorValue && value.shape.some((dim, axis) => axis >= skip && Number.isNaN(dim))) return true;
    const items = value instanceof ListValue ? value.content : value instanceof TupleValue ? value.items : [];
    if (items.length > 0 && hasUnknownSize(items, skip)) return true;
  }
  return false;
}
