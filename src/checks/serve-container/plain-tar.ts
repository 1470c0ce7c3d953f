import type { Check } from "../check.ts";
import { notApplicable } from "../check.ts";

export const plainTar: Check = {
  id: "serve/plain-tar",
  title: "Tar is compressed with gzip",
  severity: "error",
  why: "TorchServe unpacks every archive that does not end in .mar as gzip, and answers 500 when it is none.",
  remedy: "Compress it: gzip -k archive.tar, then register archive.tar.gz.",
  async *run({ archive }) {
    if (archive.container === "tar") yield { message: "The archive is a tar file without compression.", at: null };
    else if (archive.container !== "tar.gz") return notApplicable;
  },
};
