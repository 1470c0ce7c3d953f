import { groupedProducts } from "./grouped-products.ts";
import { blockQuantization } from "./block-quantization.ts";
import { quantization } from "./quantization.ts";
import { quantizedRecurrent } from "./quantized-recurrent.ts";
import { quantizedFunctions } from "./quantized-functions.ts";
import { quantizedLayers } from "./quantized-layers.ts";
import { quantizedNormalization } from "./quantized-normalization.ts";
import { gammaFunctions } from "./gamma-functions.ts";
import { specialFunctions } from "./special-unary.ts";
import { gradients } from "./gradients.ts";
import { puts } from "./puts.ts";
import { histograms } from "./histograms.ts";
import { divisorFunctions } from "./divisors.ts";
import { draws } from "./draws.ts";
import { marginLosses } from "./margin-losses.ts";
import { segments } from "./segments.ts";
import { sparseTensors } from "./sparse.ts";
import { temporalClassification } from "./temporal-classification.ts";
import { withoutNaN } from "./without-nan.ts";
import { statistics } from "./statistics.ts";
import { factorizations } from "./factorizations.ts";
import { triangularFactors } from "./triangular-factors.ts";
import { matrixNorms } from "./matrix-norms.ts";
import { singular } from "./singular-values.ts";
import { matrices } from "./matrices.ts";
import { vectorNorms } from "./vector-norms.ts";
import { deviations } from "./deviations.ts";
import { ranges } from "./ranges.ts";
import { binaryFormulas } from "./binary-formulas.ts";
import { nestedTensors } from "./nested-tensors.ts";
import { resizing } from "./resize.ts";
import { sampling } from "./sampling.ts";
import { einsums } from "./einsum.ts";
import { losses } from "./losses.ts";
import { distances } from "./distances.ts";
import { windowFunctions } from "./windows.ts";
import { spectral } from "./spectral.ts";
import { copies } from "./copies.ts";
import { decompositions } from "./decompositions.ts";
import { matrixFunctions } from "./matrix-functions.ts";
import { shortTimeFourier } from "./short-time-fourier.ts";
import { embeddings } from "./embedding.ts";
import { attention } from "./attention.ts";
import { transformerEncoder } from "./transformer-encoder.ts";
import { recurrent } from "./recurrent.ts";
import { recurrentCells } from "./recurrent-cells.ts";
import { packedSequences } from "./packed-sequences.ts";
import { dicts } from "./dicts.ts";
import { fromValues } from "./from-values.ts";
import { indexWrites } from "./index-writes.ts";
import { listQuestions } from "./list-questions.ts";
import { lists } from "./lists.ts";
import { properties } from "./properties.ts";
import { scalarArithmetic } from "./scalar-arithmetic.ts";
import { scalars } from "./scalars.ts";
import { stridedViews } from "./strided-views.ts";
import { texts } from "./texts.ts";
import { slices } from "./slices.ts";
import { views } from "./views.ts";
import { writes } from "./writes.ts";
import { convolutions } from "./convolution.ts";
import { pooling } from "./pooling.ts";
import { adaptivePooling } from "./adaptive-pooling.ts";
import { normalization } from "./normalization.ts";
import { products } from "./products.ts";
import { reductions } from "./reductions.ts";
import { softmaxes } from "./softmax.ts";
import { scans } from "./scans.ts";
import { ordering } from "./ordering.ts";
import { interleaving } from "./interleave.ts";
import { rearranging } from "./rearrange.ts";
import { recursiveFilters } from "./recursive-filters.ts";
import { prepacked } from "./prepacked.ts";
import { paddings } from "./padding.ts";
import { joins } from "./joins.ts";
import { creation } from "./creation.ts";
import { randomNumbers } from "./random.ts";
import { conversions } from "./conversions.ts";
import { assertions } from "./assertions.ts";
import { indexing } from "./indexing.ts";
import { gathering } from "./gather-scatter.ts";
import { activations } from "./activations.ts";
import { arithmetic } from "./arithmetic.ts";
import { choices } from "./choices.ts";
import { comparison } from "./comparison.ts";
import { complexFunctions } from "./complex-functions.ts";
import type { Operator } from "./operator.ts";
import { distincts } from "./distinct.ts";
import { suppression } from "./suppression.ts";
import { unary } from "./unary.ts";

/** The operator table: one list a file. */
export const operators: readonly Operator[] = [
  ...scalarArithmetic,
  ...scalars,
  ...fromValues,
  ...properties,
  ...lists,
  ...listQuestions,
  ...dicts,
  ...texts,
  ...views,
  ...slices,
  ...stridedViews,
  ...writes,
  ...indexWrites,
  ...arithmetic,
  ...binaryFormulas,
  ...unary,
  ...activations,
  ...comparison,
  ...choices,
  ...complexFunctions,
  ...convolutions,
  ...pooling,
  ...adaptivePooling,
  ...normalization,
  ...products,
  ...groupedProducts,
  ...matrices,
  ...reductions,
  ...deviations,
  ...vectorNorms,
  ...softmaxes,
  ...scans,
  ...ordering,
  ...rearranging,
  ...interleaving,
  ...paddings,
  ...joins,
  ...creation,
  ...ranges,
  ...randomNumbers,
  ...conversions,
  ...assertions,
  ...indexing,
  ...gathering,
  ...embeddings,
  ...quantization,
  ...blockQuantization,
  ...quantizedLayers,
  ...quantizedNormalization,
  ...quantizedFunctions,
  ...quantizedRecurrent,
  ...prepacked,
  ...recursiveFilters,
  ...attention,
  ...transformerEncoder,
  ...nestedTensors,
  ...recurrent,
  ...recurrentCells,
  ...packedSequences,
  ...resizing,
  ...sampling,
  ...suppression,
  ...distincts,
  ...einsums,
  ...losses,
  ...distances,
  ...windowFunctions,
  ...spectral,
  ...shortTimeFourier,
  ...copies,
  ...matrixFunctions,
  ...factorizations,
  ...singular,
  ...triangularFactors,
  ...matrixNorms,
  ...statistics,
  ...specialFunctions,
  ...divisorFunctions,
  ...gradients,
  ...histograms,
  ...puts,
  ...draws,
  ...marginLosses,
  ...temporalClassification,
  ...segments,
  ...sparseTensors,
  ...withoutNaN,
  ...gammaFunctions,
  ...decompositions,
];

const byName = new Map<string, Operator[]>();
for (const operator of operators) {
  const rows = byName.get(operator.name);
  if (rows === undefined) byName.set(operator.name, [operator]);
  else rows.push(operator);
}

/** Rows of this name, in the order of the table; empty when the operator is missing. */
export function rowsOf(name: string): readonly Operator[] {
  return byName.get(name) ?? [];
}

/** Whether calls of this name can be lowered: by rows of its own, or as the in-place form of another. */
export function isSupported(name: string): boolean {
  return byName.has(name) || (isInPlaceName(name) && byName.has(name.slice(0, -1)));
}

/** `aten::relu_`, but not `aten::__and__` (and `aten::__iand__` has rows of its own). */
export function isInPlaceName(name: string): boolean {
  return name.endsWith("_") && !name.endsWith("__");
}
