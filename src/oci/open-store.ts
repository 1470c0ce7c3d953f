import { Layout } from "./layout.ts";
import type { Reference } from "./reference.ts";
import { Registry, type RegistrySettings } from "./registry.ts";
import type { Store } from "./store.ts";

export function openStore(reference: Reference, settings: RegistrySettings): Store {
  return reference.kind === "layout" ? new Layout(reference.folder) : new Registry(reference, settings);
}
