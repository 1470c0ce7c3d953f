import { flowCheck } from "./subject-flows.ts";

export const residencyHardCodedCredential = flowCheck(
  {
    id: "residency/hard-coded-credential",
    title: "No credential stands in the files",
    severity: "error",
    why: "Everybody who gets the archive gets the credential, for as long as it is valid.",
    remedy: "Revoke it, and read the new one from the environment.",
  },
  (flow) => (flow.kind === "hard-coded-credential" ? { message: `holds a credential: ${flow.target}` } : null),
);
