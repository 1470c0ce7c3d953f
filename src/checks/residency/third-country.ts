import type { FlowKind } from "../../residency/flow.ts";
import { flowCheck, providerText } from "./subject-flows.ts";

const verbs: Partial<Readonly<Record<FlowKind, string>>> = {
  endpoint: "connects to",
  sdk: "uses the library",
  "credential-read": "reads the credential",
};

export const residencyThirdCountry = flowCheck(
  {
    id: "residency/third-country",
    title: "No data goes to providers under third-country law",
    severity: "error",
    why: "A provider that is bound by another country's law can be made to hand data over, wherever its machines stand.",
    remedy: "Replace it by a service inside of the area, or allow the provider in the residency policy with a reason.",
  },
  (flow) => {
    const verb = verbs[flow.kind];
    if (verb === undefined || flow.judgement !== "third-country") return null;
    return { message: `${verb} ${flow.target}: ${providerText(flow)}` };
  },
);
