import { Document, isMap, parseDocument } from "yaml";
import { ArchiverError } from "../errors.ts";
import type { TuneResult } from "./tune.ts";

/**
 * model-config.yaml with what tuning found; whatever else the text says stays, its comments too. `text` null: a new
 * file. Throws ArchiverError `bad-config` for a text that is no YAML mapping.
 */
export function tunedConfig(text: string | null, result: TuneResult): string {
  const { advice, format } = result;
  const engine = result.confirmation?.engine ?? result.engine;
  if (advice === null) throw new ArchiverError("not-measurable", "No setting could be measured; nothing was written.");
  return configWith(
    text,
    advice,
    format,
    ` Tuned with ${engine}; run the server with OMP_NUM_THREADS=${advice.threads}.`,
  );
}

type Settings = Omit<NonNullable<TuneResult["advice"]>, "environment">;

/** What tuning said before, which no longer holds. */
const earlier = /^# Tuned with .* run the server with OMP_NUM_THREADS=.*\n+/gm;

/** The text with these settings; `threads` 0: the engine's own choice. */
export function configWith(text: string | null, settings: Settings, format: string, comment: string): string {
  const document = configMapping(text?.replace(earlier, "") ?? null);
  const { minWorkers, maxWorkers, batchSize, maxBatchDelay, threads } = settings;
  for (const [key, value] of Object.entries({ minWorkers, maxWorkers, batchSize, maxBatchDelay })) {
    document.set(key, value);
  }
  // Read by our own handlers of ONNX models; PyTorch takes it from the environment.
  if (format === "ONNX" && threads > 0) document.setIn(["onnx", "intraOpThreads"], threads);
  const others = document.commentBefore;
  document.commentBefore = typeof others === "string" ? `${others}\n${comment}` : comment;
  return document.toString();
}

/** Throws ArchiverError `bad-config` for a text that is no YAML mapping. */
export function configMapping(text: string | null): Document {
  const document: Document = parseDocument(text ?? "");
  const [error] = document.errors;
  if (error || (document.contents !== null && !isMap(document.contents))) {
    throw new ArchiverError("bad-config", `model-config.yaml: ${error?.message.split("\n")[0] ?? "no mapping"}`);
  }
  if (document.contents === null) document.contents = new Document({}).contents;
  return document;
}
