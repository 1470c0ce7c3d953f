import { Option } from "commander";

/** An option that may be given again: its values in order. */
export function repeatable(flags: string, help: string): Option {
  return new Option(flags, `${help} (repeatable)`).argParser(append).default([], "none");
}

/** The values of an option that is given again and again. */
export function append(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Options with one meaning in every command that runs a model. */
export const runOptions = {
  input: repeatable("--input <spec>", "[name=]shape[:dtype][@fill], [name=]@file.npy, or 16000:int"),
  timeout: new Option("--timeout <seconds>", "for loading and running one model").default("120"),
  tmpDir: new Option("--tmp-dir <folder>", "where deflated models are unpacked"),
  json: new Option("--json", "print one JSON document"),
  quiet: new Option("--quiet", "print nothing but what --json asks for"),
} as const;
