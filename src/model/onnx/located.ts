import type { ByteSource, FilePosition } from "../../archive/byte-source.ts";
import { type DataFolder, dataFolder } from "../../graph/data-folder.ts";
import { inlineLimit, type SessionModel } from "../../graph/session-model.ts";
import { MalformedModel } from "../malformed.ts";
import { externalRange, type ExternalFiles } from "./external-data.ts";
import type { OnnxModel } from "./model.ts";
import { rewriteModel, type Replacement } from "./rewrite.ts";
import { type OnnxTensor, rawBytesOf } from "./tensor.ts";
import { tensorsOf } from "./walk-graph.ts";

/** Integers are shapes, axes, indices: shape inference wants their values. */
const integerInlineLimit = 1 << 14;
const integerTypes: ReadonlySet<number> = new Set([6, 7]);

/** A model ready for the engine; `close` removes the folder that had to be made when data lies in several folders. */
export interface LocatedModel {
  readonly model: SessionModel;
  close(): Promise<void>;
}

/**
 * Turns an ONNX file into what the engine runs in place: its graph, in which every large tensor is external data that
 * names the file, offset and length where the bytes lie already: inside of the `.onnx`, its data file, or the archive
 * that stores either. Tensors that lie in no file on disk, and those written as typed fields, stay inline.
 * Throws MalformedModel when external data cannot be used; run the checks first.
 */
export async function locateOnnx(onnx: OnnxModel, files: ExternalFiles, tmpDir?: string): Promise<LocatedModel> {
  const { source } = onnx.skeleton;
  const places = new Map<number, Place>();
  for (const tensor of tensorsOf(onnx)) {
    const place = await placeOf(tensor, source, files);
    if (place !== null) places.set(tensor.field.start, place);
  }
  const paths = [...places.values()].flatMap((place) => (place.position ? [place.position.file] : []));
  const folder = await dataFolder(paths, tmpDir);
  try {
    const replacements = new Map<number, Replacement>();
    for (const [start, place] of places) replacements.set(start, await replacementOf(place, folder));
    return {
      model: { bytes: await rewriteModel(onnx.skeleton, replacements), folder: folder.folder },
      close: () => folder.close(),
    };
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** A tensor's bytes: in a file on disk, or to be read from `source`. */
interface Place {
  readonly position: FilePosition | null;
  readonly source: ByteSource;
  readonly offset: number;
  readonly length: number;
}

async function placeOf(tensor: OnnxTensor, source: ByteSource, files: ExternalFiles): Promise<Place | null> {
  if (tensor.external !== null) return externalPlace(tensor, files);
  const [raw, second] = tensor.raw;
  if (raw === undefined || second !== undefined || tensor.typed !== null || source.position === null) return null;
  const length = raw.end - raw.at;
  if (length <= limitOf(tensor) || BigInt(length) !== rawBytesOf(tensor)) return null;
  return placeIn(source, raw.at, length);
}

function limitOf(tensor: OnnxTensor): number {
  return integerTypes.has(tensor.type) ? integerInlineLimit : inlineLimit;
}

async function externalPlace(tensor: OnnxTensor, files: ExternalFiles): Promise<Place> {
  const file = await files.open(tensor.external?.get("location") ?? "");
  if ("problem" in file) throw new MalformedModel(`tensor ${tensor.name}: ${file.message}`);
  const range = externalRange(tensor, file.source.size);
  if ("problem" in range) throw new MalformedModel(`tensor ${tensor.name} ${range.problem}`);
  const place = placeIn(file.source, range.offset, range.length);
  return range.length <= limitOf(tensor) ? { ...place, position: null } : place;
}

function placeIn(source: ByteSource, offset: number, length: number): Place {
  const { position } = source;
  return { position: position && { file: position.file, offset: position.offset + offset }, source, offset, length };
}

async function replacementOf(place: Place, folder: DataFolder): Promise<Replacement> {
  const { position, length } = place;
  if (position === null) return { bytes: await place.source.read(place.offset, length) };
  const location = folder.names.get(position.file);
  if (location === undefined) throw new Error(`no name for ${position.file}`);
  return { location, offset: position.offset, length };
}
