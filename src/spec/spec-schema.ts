import { z } from "zod";
import { type Metric, metrics } from "../bench/slo.ts";
import { modelNamePattern, runtimes } from "../manifest/fields.ts";
import { archiveFormats } from "../pack/recipe.ts";

const text = z.string().min(1);
const file = text.describe("A path relative to this file.");

const model = z
  .strictObject({
    name: z.string().regex(modelNamePattern, "letters, digits, dots, hyphens and underscores").optional().meta({
      description: "Name of the model, and of the archive (--model-name).",
    }),
    version: text.optional().describe('The model\'s version, in quotes: "1.0" (--version).'),
    "serialized-file": file
      .optional()
      .describe("Weights or program: TorchScript, ONNX, state dict (--serialized-file)."),
    "model-file": file.optional().describe("Python file with the model's class, for a state dict (--model-file)."),
    convert: z.literal("onnx").optional().describe("Pack TorchScript or torch.export as ONNX (--convert)."),
    input: z
      .array(text)
      .optional()
      .describe("With convert: [name=]shape[:dtype] of each input, where the model recorded none (--input)."),
  })
  .describe("What is served.");

const sample = z.strictObject({
  file: file.describe("A photograph, .npy, .npz, JSON or text that the model must take."),
  expect: text.optional().describe("The label that must come first."),
});

const units: Readonly<Record<(typeof metrics)[Metric], z.ZodType<string | number, string | number>>> = {
  ms: unit(/^\d+(\.\d+)?(us|ms|s)$/, "a duration such as 200ms or 2s"),
  B: unit(/^\d+(\.\d+)?([kKMG]i?B|B)$/, "an amount of memory such as 500MB or 1GB"),
  "1/s": z.number().positive(),
};

function unit(pattern: RegExp, expected: string): z.ZodString {
  return z.string({ error: expected }).regex(pattern, expected);
}

const meanings: Readonly<Record<Metric, string>> = {
  p50: "Median latency of a request.",
  p90: "Latency that 90 % of requests keep.",
  p95: "Latency that 95 % of requests keep.",
  p99: "Latency that 99 % of requests keep.",
  mean: "Mean latency.",
  max: "Longest latency.",
  first: "The first request after loading.",
  load: "Loading the model.",
  cold: "From nothing to the first answer.",
  rps: "Requests a second, at least.",
  rss: "Memory of the process, at most.",
};

const isMetric = (name: string): name is Metric => Object.hasOwn(metrics, name);

const slo = z
  .strictObject(
    Object.fromEntries(
      Object.keys(metrics)
        .filter(isMetric)
        .map((name) => [name, units[metrics[name]].optional().describe(meanings[name])]),
    ),
  )
  .describe("Limits that verify holds the archive against once everything else is ready (--slo).");

const signing = z
  .strictObject({
    key: file.optional().describe("Private key that sign uses, in PEM (--key). Keep it out of the repository."),
    "password-file": file.optional().describe("The password of an encrypted key, in its first line (--password-file)."),
    certificate: file.optional().describe("The key's certificate, then those up to the root (--certificate)."),
    "public-key": file.optional().describe("The key that verify --require-signature accepts (--key)."),
  })
  .describe("Who signs the archive.");

const registry = z
  .strictObject({
    reference: z
      .string()
      .regex(/^oci(:\/\/|-layout:)./, "oci://host/repository or oci-layout:FOLDER")
      .describe(
        "oci://host/repository, or oci-layout:FOLDER; the model's version becomes the tag where none is given.",
      ),
    unpacked: z.boolean().optional().describe("A layer for each stored entry (--unpacked)."),
    "plain-http": z.boolean().optional().describe("http instead of https, on this machine only (--plain-http)."),
  })
  .describe("Where push puts the archive.");

/** `model-archiver.yaml`: what it can say. Each key is named after the flag that overrides it. */
export const specSchema = z
  .strictObject({
    model: model.optional(),
    handler: text
      .optional()
      .describe(
        "Python file, file:function, one of TorchServe's own, or onnx_image_classifier and its kin (--handler).",
      ),
    "extra-files": z
      .array(text.regex(/^[^,]*$/, "no commas: each file is an item of its own"))
      .optional()
      .describe("Files, folders, wildcards or name-in-archive=path (--extra-files)."),
    "requirements-file": file.optional().describe("Python requirements of the handler (--requirements-file)."),
    "config-file": file.optional().describe("model-config.yaml (--config-file)."),
    runtime: z.enum(runtimes).optional().describe("What executes the handler (--runtime)."),
    "keep-directories": z.boolean().optional().describe("Extra files keep their folders (--keep-directories)."),
    include: z.array(text).optional().describe("Pack what looks like a secret or rubbish (--include)."),
    "archive-format": z
      .enum(archiveFormats)
      .optional()
      .describe("default and zip-store write .mar (--archive-format)."),
    "export-path": file.optional().describe("Folder of the archive; beside this file when left out (--export-path)."),
    samples: z
      .array(sample)
      .optional()
      .describe("Examples that archive runs and records; every later verify runs them again (--sample, --expect)."),
    slo: slo.optional(),
    residency: text.optional().describe("Where data may go: eu, eea, no, ch, or a policy file (--residency)."),
    signing: signing.optional(),
    registry: registry.optional(),
  })
  .meta({ title: "model-archiver.yaml", description: "A model for TorchServe: how to pack, prove and ship it." });

export type Spec = z.infer<typeof specSchema>;

/** The JSON Schema that editors complete and check the file by. */
export function specJsonSchema(): object {
  return z.toJSONSchema(specSchema, { io: "input" });
}
