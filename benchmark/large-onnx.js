// An ONNX file of nearly 2 GiB, the most that protobuf can hold: matrices of fp32 weights, multiplied one after another.
import { closeSync, openSync, readSync, writeSync } from "node:fs";

function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

const tag = (field, wire) => varint(field * 8 + wire);
const number = (field, value) => Buffer.concat([tag(field, 0), varint(value)]);
const bytes = (field, content) => Buffer.concat([tag(field, 2), varint(content.length), content]);
const text = (field, value) => bytes(field, Buffer.from(value));

const float = 1;

/** ValueInfoProto of a float tensor. */
function value(name, shape) {
  const dimensions = shape.map((size) => bytes(1, number(1, size)));
  const tensor = Buffer.concat([number(1, float), bytes(2, Buffer.concat(dimensions))]);
  return Buffer.concat([text(1, name), bytes(2, bytes(1, tensor))]);
}

const node = (type, inputs, output) =>
  Buffer.concat([...inputs.map((name) => text(1, name)), text(2, output), text(4, type)]);

/** Writes a model of `layers` matrices of `width` × `width`, filled from the numbers of `source` again and again. */
export function writeLargeOnnx(path, source, { width, layers }) {
  const matrix = width * width * 4;
  const parts = [];
  for (let at = 0; at < layers; at += 1) {
    parts.push(bytes(1, node("MatMul", [at === 0 ? "input" : `h${at}`, `w${at}`], `h${at + 1}`)));
  }
  parts.push(text(2, "large"));
  const heads = Array.from({ length: layers }, (_, at) => {
    const head = [number(1, width), number(1, width), number(2, float), text(8, `w${at}`), tag(9, 2), varint(matrix)];
    const tensor = Buffer.concat(head);
    return Buffer.concat([tag(5, 2), varint(tensor.length + matrix), tensor]);
  });
  const ends = Buffer.concat([bytes(11, value("input", [1, width])), bytes(12, value(`h${layers}`, [1, width]))]);
  const front = Buffer.concat(parts);
  const graph = front.length + ends.length + heads.reduce((sum, head) => sum + head.length + matrix, 0);
  const opset = Buffer.concat([text(1, ""), number(2, 13)]);
  const file = openSync(path, "w");
  const from = openSync(source, "r");
  const block = Buffer.alloc(1 << 22);
  writeSync(file, Buffer.concat([number(1, 8), bytes(8, opset), tag(7, 2), varint(graph), front]));
  for (const [at, head] of heads.entries()) {
    writeSync(file, head);
    for (let done = 0; done < matrix; done += block.length) {
      const count = Math.min(block.length, matrix - done);
      readSync(from, block, 0, count, (at * 4096) % block.length);
      writeSync(file, block, 0, count);
    }
  }
  writeSync(file, ends);
  closeSync(from);
  closeSync(file);
}
