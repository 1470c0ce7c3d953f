import { z } from "zod";

// What bench and tune both tell.

export const verdictName = z.enum(["ready", "not ready", "not proven"]);

export const machineFacts = z.strictObject({
  processor: z.string().nullable(),
  logicalCores: z.int(),
  physicalCores: z.int(),
  numaNodes: z.int(),
  simd: z.array(z.string()),
  memory: z.number().describe("bytes"),
  cpuQuota: z.number().nullable(),
});

export const trustFacts = z.strictObject({
  steal: z.number().describe("Shares are 0 to 1."),
  throttled: z.number().nullable(),
  quota: z.number().nullable(),
  otherLoad: z.number(),
  jitter: z.number().nullable().describe("Null without rounds."),
  clockDrop: z.number().nullable(),
  heatEvents: z.number().nullable().describe("How often processors were slowed down for heat meanwhile."),
  noise: z.array(z.string()).describe("Why the figures cannot be trusted; empty: they can."),
});
