import { setFlagsFromString } from "node:v8";

/**
 * For commands whose other threads and processes want every core: V8's parallel scavenger divides a millisecond of work
 * among threads and then waits for the one that found no core (100 of 800 ms of verifying a ResNet-50, docs/performance.md).
 */
export function shareCores(): void {
  setFlagsFromString("--no-parallel-scavenge");
}
