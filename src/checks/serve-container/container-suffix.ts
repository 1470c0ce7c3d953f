import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";

export const containerSuffix: Check = {
  id: "serve/container-suffix",
  title: "File name fits the container",
  severity: "error",
  why: "TorchServe takes what ends in .mar for a ZIP and everything else for tar.gz, whatever it is.",
  remedy: "Rename the file: .mar for a ZIP, .tar.gz for a compressed tar.",
  async *run({ archive }) {
    const { container, location } = archive;
    if (container !== "zip" && container !== "tar.gz") return notApplicable;
    const path = /^https?:/iu.test(location) ? new URL(location).pathname : location;
    const mar = path.endsWith(".mar");
    if (container === "zip" && !mar) {
      yield { message: "The archive is a ZIP and is not named .mar, so TorchServe answers 500.", at: null };
    }
    if (container === "tar.gz" && mar) {
      yield {
        message: "The archive is a tar.gz named .mar: TorchServe finds no entry in it and answers 400.",
        at: null,
      };
    }
  },
};
