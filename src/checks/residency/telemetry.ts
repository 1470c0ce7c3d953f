import { flowCheck, providerText } from "./subject-flows.ts";

export const residencyTelemetry = flowCheck(
  {
    id: "residency/telemetry",
    title: "No library reports to providers under third-country law",
    severity: "error",
    why: "Experiment trackers, error reporters and usage statistics send data on their own, often before the first request.",
    remedy: "Remove the library from the worker, or end its reports by its switch.",
  },
  (flow) => {
    if (flow.kind !== "telemetry" || flow.judgement !== "third-country") return null;
    const message = `${flow.target} reports to ${providerText(flow)}`;
    return flow.provider?.off === undefined ? { message } : { message, remedy: `End it: ${flow.provider.off}.` };
  },
);
