import { type Check, notApplicable } from "../check.ts";
import { signatureLook } from "./verdict.ts";

export const signatureMissing: Check = {
  id: "signature/missing",
  title: "The archive is signed",
  severity: "error",
  why: "--require-signature was given: without a signature nobody answers for what is in the archive.",
  remedy: "Sign it with model-archiver sign ARCHIVE --key private.pem, or name the file with --signature FILE.",
  async *run(subject) {
    const look = await signatureLook(subject);
    if (look === null) return notApplicable;
    if ("absent" in look) yield { message: look.absent, at: null };
  },
};
