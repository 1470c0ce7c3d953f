import { resolve } from "node:path";
import { Layout } from "./layout.ts";
import type { Reference } from "./reference.ts";
import { Registry, type RegistrySettings } from "./registry.ts";
import type { Store } from "./store.ts";

export function openStore(reference: Reference, settings: RegistrySettings): Store {
  if (reference.kind === "registry") return new Registry(reference, settings);
  return new Layout(resolve(settings.cwd ?? process.cwd(), reference.folder));
}
