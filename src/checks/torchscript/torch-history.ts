/**
 * When operators and their arguments came into PyTorch: what TorchScript files call that an older server does not know.
 * Measured by comparing `torch._C._jit_get_all_schemas()` of 1.13.0, 2.4.1 and 2.15.0; an operator that appeared in
 * between has the earliest version that it can have come with, so that no sound file is refused. Loading files of 2.15
 * with 2.4.1 and 1.13.0 gave the same answers.
 */
export const operatorsSince: Readonly<Record<string, string>> = {
  scaled_dot_product_attention: "2.0",
  _scaled_dot_product_flash_attention: "2.0",
  _scaled_dot_product_flash_attention_for_cpu: "2.0",
  _scaled_dot_product_efficient_attention: "2.0",
  _native_batch_norm_legit: "2.0",
  _native_batch_norm_legit_no_training: "2.0",
  _prelu_kernel: "2.0",
  _is_all_true: "2.0",
  _is_any_true: "2.0",
  _int_mm: "2.0",
  _unsafe_index: "2.0",
  _unsafe_index_put: "2.0",
  empty_permuted: "2.0",
  nonzero_static: "2.0",
  sym_constrain_range: "2.0",
  sym_constrain_range_for_size: "2.0",
  _assert_scalar: "2.0",
  _functional_assert_scalar: "2.0",
  _functional_assert_async: "2.0",
  _weight_int4pack_mm: "2.0",
  _weight_int8pack_mm: "2.0",
  _scaled_mm: "2.0",
  _batch_norm_no_update: "2.0",
  _batch_norm_with_update: "2.0",
  rms_norm: "2.4",
  _safe_softmax: "2.5",
  _fused_rms_norm: "2.5",
  _grouped_mm: "2.5",
  _scaled_grouped_mm: "2.5",
  _unsafe_masked_index: "2.5",
  _upsample_lanczos2d_aa: "2.5",
  _weight_int4pack_mm_for_cpu: "2.5",
  _convert_weight_to_int4pack_for_cpu: "2.5",
  _dyn_quant_matmul_4bit: "2.5",
  _dyn_quant_pack_4bit_weight: "2.5",
  broadcast_shapes: "2.5",
  hash_tensor: "2.5",
  linalg__powsum: "2.5",
  linalg_matrix_sqrth: "2.5",
  linalg_polar: "2.5",
  sym_is_contiguous: "2.5",
};

/** Arguments that operators got later; code names them only where they differ from the default. */
export const argumentsSince: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  scaled_dot_product_attention: { scale: "2.0", enable_gqa: "2.5" },
  pad_sequence: { padding_side: "2.5" },
  stft: { align_to_window: "2.5" },
  addmm: { out_dtype: "2.5" },
  baddbmm: { out_dtype: "2.5" },
  bmm: { out_dtype: "2.5" },
  mm: { out_dtype: "2.5" },
};

/**
 * The highest format number (`version` of the file) that a PyTorch reads, by the first PyTorch that does
 * (caffe2/serialize/versions.h: kMaxSupportedFileFormatVersion).
 */
export const formatSince: readonly (readonly [format: number, torch: string])[] = [
  [4, "1.6"],
  [5, "1.7"],
  [6, "1.9"],
  [8, "1.10"],
  [9, "1.11"],
  [10, "1.12"],
];

/** Schema of torch.export's files by the first PyTorch that wrote it; no PyTorch reads a later major version. */
export const exportSchemaSince: readonly (readonly [major: number, torch: string])[] = [
  [1, "2.1"],
  [2, "2.2"],
  [5, "2.4"],
  [8, "2.6"],
];

/** The PT2 archive (`models/…json`) replaced the flat file with torch 2.8. */
export const packageSince = "2.8";

/** Negative: `a` is the older one. Compares numbers of dotted versions as far as both have them. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbers(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);
}
