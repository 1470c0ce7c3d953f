import { type Check, notApplicable } from "../check.ts";
import { attestationLook } from "./verdict.ts";

export const attestationMissing: Check = {
  id: "attestation/missing",
  title: "Somebody attests that the archive was tested",
  severity: "error",
  why: "--require-attestation was given: without one nobody says that the model ever ran.",
  remedy: "Make one with model-archiver attest ARCHIVE --key private.pem, or name the file with --attestation FILE.",
  async *run(subject) {
    const look = await attestationLook(subject);
    if (look === null) return notApplicable;
    if ("absent" in look) yield { message: look.absent, at: null };
  },
};
