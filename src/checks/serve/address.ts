import { manifestPath } from "../../manifest/manifest.ts";
import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";

/** Characters that stand in a URL's path as they are (RFC 3986, pchar without escapes). */
const addressable = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]+$/;

export const unaddressableName: Check = {
  id: "serve/unaddressable-name",
  title: "Model's name can stand in a URL",
  severity: "error",
  why: "TorchServe compares the URL's path with the name, escapes and all: what must be escaped is never found.",
  remedy: "Name the model with letters, digits, '.', '_' and '-'.",
  async *run(subject) {
    const name = (await subject.manifest())?.manifest?.model.modelName;
    if (!name) return notApplicable;
    if (addressable.test(name)) return;
    yield { message: `${JSON.stringify(name)} registers, then every prediction answers 404.`, at: manifestPath };
  },
};

export const unaddressableVersion: Check = {
  id: "serve/unaddressable-version",
  title: "Model's version can stand in a URL",
  severity: "warning",
  why: "/predictions/name/version cannot reach such a version; only the default version is served.",
  remedy: "Give a version such as 1.0.",
  async *run(subject) {
    const version = (await subject.manifest())?.manifest?.model.modelVersion;
    if (!version) return notApplicable;
    if (addressable.test(version)) return;
    yield { message: `The version ${JSON.stringify(version)} cannot be asked for in a URL.`, at: manifestPath };
  },
};
