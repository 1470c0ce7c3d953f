import type { ByteSource } from "./byte-source.ts";
import { defaultLimits, type Limits } from "./limits.ts";

type Reading<View> = (source: ByteSource, limits: Limits) => Promise<View>;

/** A reading that all who ask with the same source and limits share, as long as the source is there. */
export function oncePerSource<View>(read: Reading<View>): (source: ByteSource, limits?: Limits) => Promise<View> {
  const known = new WeakMap<ByteSource, Map<string, Promise<View>>>();
  return (source, limits = defaultLimits) => {
    const views = known.get(source) ?? new Map<string, Promise<View>>();
    known.set(source, views);
    const key = JSON.stringify(limits);
    const view = views.get(key) ?? read(source, limits);
    views.set(key, view);
    return view;
  };
}
