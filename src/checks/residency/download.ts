import { flowCheck, providerText } from "./subject-flows.ts";

export const residencyDownload = flowCheck(
  {
    id: "residency/download",
    title: "Nothing is fetched from outside when the worker loads",
    severity: "warning",
    why: "A worker that fetches weights or packages when it starts tells who runs it, fails when the hub is away, and gets what is there that day.",
    remedy: "Pack the files with the archive (--extra-files), or use a mirror inside of the area.",
  },
  (flow) => {
    if ((flow.kind !== "hub-download" && flow.kind !== "registry") || flow.judgement === "allowed") return null;
    const message = `fetches ${flow.target} from ${providerText(flow)}`;
    return flow.provider?.off === undefined ? { message } : { message, remedy: `Instead: ${flow.provider.off}.` };
  },
);
