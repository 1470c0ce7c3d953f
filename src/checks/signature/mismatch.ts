import { type Check, notApplicable } from "../check.ts";
import { signatureMissing } from "./missing.ts";
import { signatureLook } from "./verdict.ts";

export const signatureMismatch: Check = {
  id: "signature/mismatch",
  title: "The archive is what was signed with this key",
  severity: "error",
  why: "Bytes that differ from what was signed were damaged or replaced on the way.",
  remedy: "Fetch the archive and its signature again from where they were made, or look into who changed it.",
  after: [signatureMissing],
  async *run(subject) {
    const look = await signatureLook(subject);
    if (look === null || "absent" in look) return notApplicable;
    if (!look.matches) yield { message: look.reason ?? "The signature does not match.", at: null };
  },
};
