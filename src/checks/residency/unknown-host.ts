import { flowCheck } from "./subject-flows.ts";

export const residencyUnknownHost = flowCheck(
  {
    id: "residency/unknown-host",
    title: "Every host that is connected to is known",
    severity: "warning",
    why: "The provider of a host that is not in the table has to be judged by a person.",
    remedy: "Add it under `hosts:` of the residency policy when it is yours, or one that you trust.",
  },
  (flow) =>
    flow.kind === "endpoint" && flow.judgement === "unknown"
      ? { message: `connects to ${flow.target}, which is not in the table of providers` }
      : null,
);
