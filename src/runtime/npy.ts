import { bytesOf, type DType, elementCount } from "../graph/dtype.ts";
import type { LoadedTensor } from "./dummy-input.ts";

/** `descr` of numpy's format without its byte order, to ours. */
const types: Readonly<Record<string, DType>> = {
  f4: "float32",
  f8: "float64",
  f2: "float16",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
  c8: "complex64",
  c16: "complex128",
};

/**
 * Reads a `.npy` file (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3) to
 * little-endian, row-major bytes. Returns the reason as a string when it is none, or holds objects.
 */
export function readNpy(bytes: Uint8Array): LoadedTensor | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || Buffer.from(bytes.subarray(0, 6)).toString("latin1") !== "\u0093NUMPY")
    return "no .npy file";
  const wide = (bytes[6] ?? 0) >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) return "its header is cut short";
  const header = Buffer.from(bytes.subarray(start, start + length)).toString("latin1");
  const descr = /'descr':\s*'([<>|=])([a-z]\d+)'/.exec(header);
  const shapeText = /'shape':\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  const dtype = types[descr?.[2] ?? ""];
  if (!descr || shapeText === undefined) return "its header tells no plain element type and shape";
  if (dtype === undefined) return `elements of type ${descr[2]} are not taken`;
  const shape = shapeText.split(",").flatMap((dim) => (dim.trim() === "" ? [] : [Number.parseInt(dim, 10)]));
  const size = elementCount(shape) * bytesOf(dtype);
  if (!Number.isSafeInteger(size) || bytes.length - start - length < size)
    return "it holds fewer bytes than its shape needs";
  let data = bytes.slice(start + length, start + length + size);
  if (descr[1] === ">") data = swapped(data, dtype.startsWith("complex") ? bytesOf(dtype) / 2 : bytesOf(dtype));
  if (/'fortran_order':\s*True/.test(header)) data = rowMajor(data, shape, bytesOf(dtype));
  return { dtype, shape, bytes: data };
}

function swapped(data: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 1) out[i] = data[i - (i % width) + (width - 1 - (i % width))] ?? 0;
  return out;
}

/** From the first index running fastest to the last. */
function rowMajor(data: Uint8Array, shape: readonly number[], width: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(data.length);
  const index = shape.map(() => 0);
  const strides: number[] = [];
  shape.reduce((stride, dim) => (strides.push(stride), stride * dim), 1);
  for (let to = 0; to < data.length; to += width) {
    const from = index.reduce((sum, at, axis) => sum + at * (strides[axis] ?? 0), 0) * width;
    out.set(data.subarray(from, from + width), to);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
  return out;
}

/** The tensor as a `.npy` file, version 1. Returns the reason as a string for an element type that numpy has not. */
export function writeNpy({ dtype, shape, bytes }: LoadedTensor): Uint8Array | string {
  const code = Object.entries(types).find(([, name]) => name === dtype)?.[0];
  if (code === undefined) return `.npy has no elements of type ${dtype}`;
  const order = bytesOf(dtype) === 1 ? "|" : "<";
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${dims}), }`;
  const padding = (64 - ((10 + text.length + 1) % 64)) % 64;
  const header = Buffer.from(`${text}${" ".repeat(padding)}\n`, "latin1");
  const start = Buffer.from("\u0093NUMPY\u0001\u0000\u0000\u0000", "latin1");
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, header, bytes]);
}
