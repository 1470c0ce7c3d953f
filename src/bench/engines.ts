import type { Archive } from "../archive/archive.ts";
import type { EngineOptions } from "../runtime/session.ts";
import type { Rig } from "./rig.ts";
import type { Demand } from "./server-rig.ts";
import { type WorkloadOptions, workloadOf } from "./workload.ts";

export type EngineName = "onnxruntime" | "torch" | "torchserve";

export interface RigOptions extends WorkloadOptions, EngineOptions {
  /** ONNX Runtime unless told; the others execute the archive's code. */
  readonly engine?: EngineName;
  /** The Python of the other engines; `python3` unless told. */
  readonly python?: string;
}

/** The archive's model with the engine that was asked for. Throws ArchiverError. */
export async function rigOf(archive: Archive, options: RigOptions): Promise<Rig> {
  const { engine = "onnxruntime", python = "python3", timeoutMs, signal } = options;
  if (engine === "torchserve") return serverOf(archive, options);
  const workload = await workloadOf(archive, options);
  if (engine === "onnxruntime") return (await import("./onnx-rig.ts")).onnxRig(workload, options);
  const { torchRig } = await import("./torch-rig.ts");
  return torchRig(workload, { python, timeoutMs, ...(signal ? { signal } : {}) });
}

/** A server of the archive, which is asked as `demand` says. Throws ArchiverError. */
export async function serverOf(archive: Archive, options: RigOptions, demand: Demand = {}): Promise<Rig> {
  const { python = "python3", timeoutMs, signal, tmpDir } = options;
  const { serverRig } = await import("./server-rig.ts");
  const given = { ...(signal ? { signal } : {}), ...(tmpDir === undefined ? {} : { tmpDir }) };
  return serverRig(await workloadOf(archive, options), { python, timeoutMs, ...given }, demand);
}
