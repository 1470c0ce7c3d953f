import { manifestPath } from "../../manifest/manifest.ts";
import { builtInHandlers, builtInLibraries } from "../../manifest/built-in-handlers.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";
import { handlerPlace } from "../python/handler-place.ts";

export const handlerMissing: Check = {
  id: "handler/missing",
  title: "Handler is in the archive or TorchServe's own",
  severity: "error",
  why: "A worker that cannot import its handler exits at once and is restarted for ever.",
  remedy: "Pass the handler's file with --handler, or name one of TorchServe's own handlers.",
  async *run(subject) {
    const manifest = (await subject.manifest())?.manifest;
    if (!manifest) return notApplicable;
    const place = await handlerPlace(subject);
    const said = (await subject.manifest())?.issues.some(
      ({ pointer }) => pointer === "/model" || pointer === "/model/handler",
    );
    if (place === null && said) return notApplicable;
    if (place === null) {
      yield { message: "The manifest names no handler, so the worker dies when it starts.", at: manifestPath };
      return;
    }
    if (place.kind !== "missing") return;
    const own = manifest.runtime === "LSP" ? builtInLibraries : builtInHandlers;
    yield {
      message: `No file of the archive is the handler ${JSON.stringify(place.handler)}; the worker dies: ${place.error}.`,
      at: manifestPath,
      remedy: `Pass the handler's file with --handler, or name one of TorchServe's own: ${[...own].join(", ")}.`,
    };
  },
};
