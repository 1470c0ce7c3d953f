import type { DType } from "../graph/dtype.ts";

export const fillNames = ["zeros", "ones", "random", "wave"] as const;
export type FillName = (typeof fillNames)[number];

/** One `--input`, as typed. */
export type InputSpec =
  | {
      readonly kind: "tensor";
      readonly name: string | null;
      readonly shape: readonly number[];
      /** null: the model's own. */
      readonly dtype: DType | null;
      /** null: as `--fill` says. */
      readonly fill: FillName | null;
    }
  | { readonly kind: "file"; readonly name: string | null; readonly path: string }
  | { readonly kind: "int" | "float"; readonly name: string | null; readonly value: number }
  | { readonly kind: "bool"; readonly name: string | null; readonly value: boolean };

/** Elements of the largest dummy tensor: 2^28, a gigabyte of float32. */
const elementLimit = 2 ** 28;

const dtypes: ReadonlySet<string> = new Set<DType>([
  "float32",
  "float64",
  "float16",
  "bfloat16",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "bool",
  "complex64",
  "complex128",
  "string",
]);

export const inputSyntax = "[name=]shape[:dtype][@fill], [name=]@file.npy, or a Python scalar such as 16000:int";

/**
 * Reads one `--input`: `1x3x224x224`, `ids=1x16:int64@zeros`, `mask=@mask.npy`, `16000:int`, `0.5:float`, `true:bool`.
 * A tensor without dimensions is written `scalar`. Returns the reason as a string when it is none of these.
 */
export function parseInput(text: string): InputSpec | string {
  const file = /^(?:(?<name>.+?)=)?@(?<path>.+)$/s.exec(text);
  if (file?.groups) return { kind: "file", name: file.groups["name"] ?? null, path: file.groups["path"] ?? "" };
  const at = text.lastIndexOf("=");
  const name = at < 0 ? null : text.slice(0, at);
  const value = text.slice(at + 1);
  if (name === "") return `${text}: there is no name before "="`;
  return parseScalar(name, value) ?? parseTensor(name, value, text);
}

function parseScalar(name: string | null, value: string): InputSpec | null {
  const match = /^(?<number>[^:@]+):(?<type>int|float|bool)$/.exec(value);
  const { number = "", type } = match?.groups ?? {};
  if (type === "int" && /^[+-]?\d+$/.test(number)) return { kind: "int", name, value: Number(number) };
  if (type === "float" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number)) {
    return { kind: "float", name, value: Number(number) };
  }
  if (type === "bool" && /^(true|false)$/i.test(number)) {
    return { kind: "bool", name, value: number.toLowerCase() === "true" };
  }
  return null;
}

function parseTensor(name: string | null, value: string, text: string): InputSpec | string {
  const match = /^(?<shape>scalar|\d+(?:x\d+)*)(?::(?<dtype>[a-z0-9]+))?(?:@(?<fill>.+))?$/.exec(value);
  if (!match?.groups) return `${text}: expected ${inputSyntax}`;
  const { shape: dims = "", dtype = null, fill = null } = match.groups;
  const shape = dims === "scalar" ? [] : dims.split("x").map(Number);
  if (shape.reduce((product, dim) => product * dim, 1) > elementLimit) return `${text}: more than 2^28 elements`;
  if (dtype !== null && !isDType(dtype))
    return `${text}: ${dtype} is no element type; one of ${[...dtypes].join(", ")}`;
  if (fill !== null && !isFill(fill)) return `${text}: ${fill} is no fill; one of ${fillNames.join(", ")}`;
  return { kind: "tensor", name, shape, dtype, fill };
}

function isDType(text: string): text is DType {
  return dtypes.has(text);
}

export function isFill(text: string): text is FillName {
  return (fillNames as readonly string[]).includes(text);
}
