import { readFileSync } from "node:fs";
import { ArchiverError } from "../errors.ts";

/** Throws ArchiverError `bad-config` for a model-config.yaml that would keep TorchServe from starting the model. */
export async function checkConfigFile(file: string, shown: string): Promise<void> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(readFileSync(file, "utf8"), { prettyErrors: true });
  const [error] = document.errors;
  if (error) {
    const [start] = error.linePos ?? [];
    const place = start ? `${shown}:${start.line}:${start.col}` : shown;
    throw new ArchiverError("bad-config", `${place}: ${error.message.split("\n")[0]}`, { cause: error });
  }
  if (document.contents === null) {
    throw new ArchiverError("bad-config", `${shown} is empty; TorchServe answers 500 to registering the model`);
  }
}
