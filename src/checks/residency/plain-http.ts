import { flowCheck } from "./subject-flows.ts";

export const residencyPlainHttp = flowCheck(
  {
    id: "residency/plain-http",
    title: "Connections to other machines are encrypted",
    severity: "warning",
    why: "Whoever sits between can read and change what goes over plain HTTP.",
    remedy: "Use https.",
  },
  (flow) => (flow.plainHttp ? { message: `connects to ${flow.target} without encryption` } : null),
);
