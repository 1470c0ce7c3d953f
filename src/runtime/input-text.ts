import type { RuntimeInput } from "./runtime-input.ts";

/** An input as one types it after `--input`; `named` when there are several. */
export function inputText(input: RuntimeInput, named: boolean): string {
  const name = named && input.name !== null && input.name !== "" ? `${input.name}=` : "";
  switch (input.kind) {
    case "tensor": {
      const shape = input.shape.length === 0 ? "scalar" : input.shape.join("x");
      return `${name}${shape}${input.dtype === "float32" ? "" : `:${input.dtype}`}`;
    }
    default:
      return `${name}${input.value}:${input.kind}`;
  }
}

/** The remedy that names inputs which may fit. */
export function tryInputs(inputs: readonly RuntimeInput[]): string {
  return `Try ${inputs.map((input) => `--input ${inputText(input, inputs.length > 1)}`).join(" ")}`;
}
