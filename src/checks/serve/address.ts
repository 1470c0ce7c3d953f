import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";

/** Characters that stand in a URL's path as they are (RFC 3986, pchar without escapes). */
const plain = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]+$/;
const keys = ["modelName", "modelVersion"] as const;

export const unaddressable: Check = {
  id: "serve/unaddressable-name",
  title: "Model's name can be addressed in a URL",
  severity: "error",
  why: "TorchServe unescapes the URL before it splits it at slashes, so a name with a slash is never found.",
  remedy: "Name the model with letters, digits, '.', '_' and '-'.",
  async *run(subject) {
    const name = (await subject.manifest())?.manifest?.model.modelName;
    if (!name) return notApplicable;
    if (!name.includes("/")) return;
    yield { message: `${JSON.stringify(name)} registers, then every prediction answers 404.`, at: manifestPath };
  },
};

export const mustBeEscaped: Check = {
  id: "serve/escaped-name",
  title: "Model's name and version stand in a URL as they are",
  severity: "warning",
  why: "Blanks and letters beyond ASCII must be percent-encoded in every request; a version with a slash is out of reach.",
  remedy: "Use letters, digits, '.', '_' and '-' for both.",
  async *run(subject) {
    const model = (await subject.manifest())?.manifest?.model;
    if (!model) return notApplicable;
    for (const key of keys) {
      const value = model[key] ?? "";
      if (value === "" || plain.test(value) || (key === "modelName" && value.includes("/"))) continue;
      const then = value.includes("/")
        ? "cannot be asked for in a URL"
        : `must be written ${encodeURIComponent(Buffer.from(value).toString())} in a URL`;
      yield { message: `#/model/${key} ${JSON.stringify(value)} ${then}.`, at: manifestPath };
    }
  },
};
