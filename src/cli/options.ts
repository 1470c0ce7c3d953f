import { Option } from "commander";

/** What commands take that read every byte of an archive. */
export const wholeLocations = ".mar, .tar.gz, .tar, folder, model file, http(s):// URL, or oci://";

/** An option that may be given again: its values in order. */
export function repeatable(flags: string, help: string): Option {
  return new Option(flags, `${help} (repeatable)`).argParser(append).default([]);
}

/** The values of an option that is given again and again. */
export function append(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export const limitOption = repeatable(
  "--limit <name=value>",
  "raise a limit: entries, unpacked, ratio, bomb, directory or nesting, e.g. unpacked=200G",
);

/** Options with one meaning in every command that runs a model. */
export const runOptions = {
  input: repeatable("--input <spec>", "[name=]shape[:dtype][@fill], [name=]@file.npy, or a number such as 16000:int"),
  timeout: new Option("--timeout <seconds>", "for loading and running one model").default("120"),
  tmpDir: new Option("--tmp-dir <folder>", "where deflated models are unpacked"),
  json: new Option("--json", "print one JSON document"),
  quiet: new Option("--quiet", "print nothing but what --json asks for"),
} as const;

/** Options of the commands that can run a model in an engine of the user's own. */
export const engineOptions = {
  engine: new Option(
    "--engine <engine>",
    "what runs the model; torch and torchserve run the archive's own code, in your Python, after the static checks",
  )
    .choices(["onnxruntime", "torch", "torchserve"])
    .default("onnxruntime"),
  python: new Option("--python <path>", "the Python with PyTorch, or TorchServe, for --engine").default("python3"),
  sloEngine: new Option(
    "--slo-engine <engine>",
    "the engine that will serve the archive, so that its figures count",
  ).choices(["onnxruntime"]),
} as const;

/** Options of the commands that sign. */
export const signingOptions = {
  key: new Option("--key <file>", "private key in PEM: P-256, P-384 or P-521, SEC1 or PKCS#8"),
  passwordFile: new Option("--password-file <file>", "the password of an encrypted key, in its first line"),
  certificate: new Option("--certificate <file>", "the key's certificate, then those between it and the root, in PEM"),
} as const;

/** Options of the commands that let through only what is signed. */
export const gateOptions = {
  signature: new Option("--require-signature", "the archive must be signed, see --key and --certificate-chain"),
  attestation: new Option("--require-attestation", "somebody must have tested it and signed that it is ready"),
  key: new Option("--key <file>", "for --require-…: the signer's public key"),
  certificateChain: new Option("--certificate-chain <file>", "for --require-…: certificates that vouch for signers"),
} as const;

/** Options of the commands that speak to registries. */
export const registryOptions = {
  plainHttp: new Option("--plain-http", "http instead of https, on this machine only"),
  plainHttpAnywhere: new Option("--plain-http-anywhere", "http for every host"),
} as const;

/** The same of commands that take `oci://` among other places. */
export const ociOptions = {
  plainHttp: new Option("--plain-http", "oci://: http instead of https, on this machine only"),
  plainHttpAnywhere: new Option("--plain-http-anywhere", "oci://: http for every host"),
} as const;
