/**
 * A model as the engine takes it: ONNX bytes in memory, weights in files. ONNX Runtime resolves external data against
 * `folder` (session option `session.model_external_initializers_file_folder_path`) and reads the ranges in place.
 */
export interface SessionModel {
  /** ModelProto; large initializers are external data: (plain file name, offset, length) below `folder`. */
  readonly bytes: Uint8Array;
  /** Absolute real path of the one folder that all external files lie in; null when everything is in `bytes`. */
  readonly folder: string | null;
  /** External files that exist only in memory, by the name that the model's tensors give. Usually none. */
  readonly externals: readonly { readonly path: string; readonly data: Uint8Array }[];
}
