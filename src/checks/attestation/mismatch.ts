import { type Check, notApplicable } from "../check.ts";
import { attestationMissing } from "./missing.ts";
import { attestationLook } from "./verdict.ts";

export const attestationMismatch: Check = {
  id: "attestation/mismatch",
  title: "The attestation is by this key, of these bytes, and says ready",
  severity: "error",
  why: "A test counts when somebody who is trusted made it, on the very bytes that will be served, and it ended well.",
  remedy: "Run model-archiver attest on the archive as it is now, or fetch the archive that was attested.",
  after: [attestationMissing],
  async *run(subject) {
    const look = await attestationLook(subject);
    if (look === null || "absent" in look) return notApplicable;
    if (look.reason !== null) yield { message: look.reason, at: null };
  },
};
