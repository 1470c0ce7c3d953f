/**
 * What an engine is handed: the graph as ONNX bytes, kilobytes for a model of any size, and the folder in which the files
 * lie that its external data names. ONNX Runtime reads the weights from there in place
 * (`session.model_external_initializers_file_folder_path`).
 */
export interface SessionModel {
  /** A `ModelProto`. Every external location in it is a plain file name in `folder`. */
  readonly bytes: Uint8Array;
  /** Absolute, without symbolic links; null when every tensor is inside of `bytes`. */
  readonly folder: string | null;
}

/** Tensors below this many bytes go into the graph: reading them in place would cost more than it saves. */
export const inlineLimit = 1024;
