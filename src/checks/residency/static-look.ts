import { type Check, notApplicable } from "../check.ts";
import { subjectFlows } from "./subject-flows.ts";

export const residencyStaticLook: Check = {
  id: "residency/static-look",
  title: "What a static look cannot prove is said",
  severity: "note",
  why: "The audit reads files and runs nothing.",
  remedy: "Let the network decide: run the server where only the hosts of the policy can be reached.",
  async *run(subject) {
    if ((await subjectFlows(subject)) === null) return notApplicable;
    yield {
      at: null,
      message:
        "not proven by reading: addresses put together at run time or taken from requests, what libraries and native code do on their own, the server and its machine",
    };
  },
};
