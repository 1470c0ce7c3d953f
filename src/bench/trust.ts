import { type Machine, stolenShare } from "../machine/machine.ts";
import { variation } from "./statistics.ts";

/** What went on beside the measurement. Shares are 0..1. */
export interface Trust {
  readonly steal: number;
  /** Of the periods of the group's quota, those in which it was held back; null without a quota. */
  readonly throttled: number | null;
  /** Processors of the quota; null without one. */
  readonly quota: number | null;
  /** Processor time that others took, of all there was. */
  readonly otherLoad: number;
  /** How far the median varies from round to round (standard deviation against the mean); null without rounds. */
  readonly jitter: number | null;
  /** How much the clock fell while measuring; null where it is not told. */
  readonly clockDrop: number | null;
  /** How often processors were slowed down for heat while measuring; null where it is not told. */
  readonly heatEvents: number | null;
  /** Why the figures are noisy; none: they can be trusted. */
  readonly noise: string[];
}

/** Above these a P99 says more of the neighbours than of the model. */
const limits = { steal: 0.01, throttled: 0.01, otherLoad: 0.1, jitter: 0.1, clockDrop: 0.15 } as const;

/** Milliseconds of a jiffy: USER_HZ is 100 on every Linux that Node runs on. */
const jiffyMs = 10;

/**
 * Judges two readings of the machine, the processor time (ms) that the measured processes took in between, and the median
 * latency of each round.
 */
export function trustOf(before: Machine, after: Machine, ownCpuMs: number, medians: readonly number[]): Trust {
  const total = after.cpuTime.total - before.cpuTime.total;
  const busy = total - (after.cpuTime.idle - before.cpuTime.idle) - (after.cpuTime.steal - before.cpuTime.steal);
  const facts = {
    steal: stolenShare(before.cpuTime, after.cpuTime),
    throttled: throttledShare(before, after),
    otherLoad: total > 0 ? Math.max(0, busy - ownCpuMs / jiffyMs) / total : 0,
    jitter: medians.length === 0 ? null : variation(medians),
    clockDrop: clockDrop(before, after),
    heatEvents: heatEvents(before, after),
  };
  return { ...facts, quota: after.cgroup.cpuQuota, noise: noiseOf(facts) };
}

type Facts = Pick<Trust, "steal" | "throttled" | "otherLoad" | "jitter" | "clockDrop" | "heatEvents">;

function noiseOf({ steal, throttled, otherLoad, jitter, clockDrop: drop, heatEvents: heat }: Facts): string[] {
  return [
    ...(steal > limits.steal ? [`the hypervisor took ${percent(steal)} of the time`] : []),
    ...((throttled ?? 0) > limits.throttled ? [`the quota throttled ${percent(throttled ?? 0)} of the periods`] : []),
    ...(otherLoad > limits.otherLoad ? [`others used ${percent(otherLoad)} of the processors`] : []),
    ...((jitter ?? 0) > limits.jitter ? [`the median varies by ${percent(jitter ?? 0)} between rounds`] : []),
    ...((heat ?? 0) > 0 ? [`heat slowed the processors down ${plural(heat ?? 0)}`] : []),
    ...((drop ?? 0) > limits.clockDrop ? [`the clock fell by ${percent(drop ?? 0)}`] : []),
  ];
}

function throttledShare({ cgroup: before }: Machine, { cgroup: after }: Machine): number | null {
  if (before.throttled === null || after.throttled === null) return null;
  const periods = after.throttled.periods - before.throttled.periods;
  return periods > 0 ? (after.throttled.throttledPeriods - before.throttled.throttledPeriods) / periods : 0;
}

const plural = (count: number): string => (count === 1 ? "once" : `${count} times`);

function heatEvents(before: Machine, after: Machine): number | null {
  return before.heatEvents === null || after.heatEvents === null ? null : after.heatEvents - before.heatEvents;
}

function clockDrop(before: Machine, after: Machine): number | null {
  if (before.megahertz === null || after.megahertz === null) return null;
  return Math.max(0, 1 - after.megahertz / before.megahertz);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** One line: what was seen, and whether the figures can be trusted. */
export function trustLine(trust: Trust, measured: string): string {
  const { steal, throttled, quota, otherLoad, jitter, clockDrop: drop, heatEvents: heat, noise } = trust;
  const facts = [
    `steal ${percent(steal)}`,
    quota === null ? "no quota" : `quota ${quota} processors, throttled ${percent(throttled ?? 0)}`,
    `other load ${percent(otherLoad)}`,
    ...(drop === null ? [] : [`clock ${drop < 0.005 ? "steady" : `down ${percent(drop)}`}`]),
    ...(heat === null ? [] : [heat === 0 ? "no heat" : `slowed by heat ${plural(heat)}`]),
    ...(jitter === null ? [] : [`jitter ${percent(jitter)}`]),
    measured,
  ].join(", ");
  return noise.length === 0 ? `${facts}.` : `${facts}. Not to be trusted: ${noise.join("; ")}.`;
}
