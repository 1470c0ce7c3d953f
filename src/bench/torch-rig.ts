import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { privateFolder } from "../archive/private-folder.ts";
import { torchFailed, torchRequest } from "../checks/model/torch-runner.ts";
import { type TorchEngineOptions, TorchFailure, type TorchRequest } from "../runtime/torch-engine.ts";
import { TorchProcess } from "../runtime/torch-process.ts";
import { type Worker, workersAt } from "./process-rig.ts";
import type { Rig } from "./rig.ts";
import { batched, measuringFailed, notMeasurable, type Workload } from "./workload.ts";

/** Measures in processes of the user's own PyTorch. It executes the archive's code. Throws ArchiverError. */
export async function torchRig(workload: Workload, options: TorchEngineOptions): Promise<Rig> {
  const { subject, settings } = workload;
  const given = await workload.given();
  const folder = await privateFolder(settings.tmpDir);
  const request = await torchRequest(subject, folder.path, settings, given).catch(async (error: unknown) => {
    await folder.remove();
    throw error;
  });
  if ("stage" in request) {
    await folder.remove();
    throw notMeasurable(workload, request);
  }
  let number = 0;
  return {
    ...workload.facts(request.inputs),
    otherEngine: null,
    async start(point) {
      const { threads, batch } = point;
      const asked = { ...request, threads, inputs: batch === 1 ? request.inputs : batched(request.inputs, batch) };
      try {
        return await workersAt(point, () => startWorker(join(folder.path, `worker-${(number += 1)}`), asked, options));
      } catch (error) {
        if (batch > 1 && error instanceof TorchFailure) return null;
        throw measuringFailed(workload, error, torchFailed);
      }
    },
    close: () => folder.remove(),
  };
}

async function startWorker(folder: string, request: TorchRequest, options: TorchEngineOptions): Promise<Worker> {
  await mkdir(folder);
  const began = performance.now();
  const torch = await TorchProcess.start(folder, request, options);
  const { engine, loadMs, firstMs, pid } = torch;
  return {
    engine,
    started: { coldMs: performance.now() - began, loadMs, firstMs },
    pid,
    measure: (limits) => torch.measure(limits),
    close: () => torch.close(),
  };
}
