import { prepare, type Prepared } from "../checks/model/prepare.ts";
import { servingHandler } from "../checks/python/serving-handler.ts";
import type { Subject } from "../checks/subject.ts";
import { EngineFailure, type EngineOptions, EngineProcess } from "../runtime/session.ts";
import { batched, notMeasurable, type Workload } from "./workload.ts";
import type { Rig } from "./rig.ts";
import { type Worker, workersAt } from "./process-rig.ts";

/** Measures in processes of ONNX Runtime. Throws ArchiverError `not-measurable` when the model cannot run there. */
export async function onnxRig(workload: Workload, options: EngineOptions): Promise<Rig> {
  const { subject, settings } = workload;
  const first = await prepare(subject, settings, await workload.given());
  if (first.stage !== "prepared") throw notMeasurable(workload, first);
  const otherEngine = await otherEngineOf(subject, first);
  return {
    ...workload.facts(first.inputs),
    otherEngine,
    async start(point) {
      const { threads, batch } = point;
      const prepared = batch === 1 ? first : await prepare(subject, settings, batched(first.inputs, batch));
      if (prepared.stage !== "prepared") return null;
      try {
        return await workersAt(point, () => startWorker(prepared, threads, options));
      } catch (error) {
        if (batch > 1 && error instanceof EngineFailure && error.problem === "refused") return null;
        throw error;
      } finally {
        if (prepared !== first) await prepared.close();
      }
    },
    close: () => first.close(),
  };
}

async function startWorker(prepared: Prepared, threads: number, options: EngineOptions): Promise<Worker> {
  const { model, feeds, outputs } = prepared;
  const began = performance.now();
  const engine = new EngineProcess(options);
  try {
    const { loadMs } = await engine.load(model, { optimization: "all", threads });
    const { runMs } = await engine.run(feeds, outputs === null ? {} : { outputs });
    const started = { coldMs: performance.now() - began, loadMs, firstMs: runMs };
    return {
      engine: await engine.engine,
      started,
      pid: engine.pid,
      measure: (limits) => engine.measure(feeds, { outputs, ...limits }),
      close: () => engine.close(),
    };
  } catch (error) {
    engine.close();
    throw error;
  }
}

/** TorchServe's own handlers, and programs of PyTorch in whatever handler, run in PyTorch. */
async function otherEngineOf(subject: Subject, { lowered }: Prepared): Promise<string | null> {
  if (!lowered) return null;
  const handler = await servingHandler(subject);
  const who = handler?.kind === "server" ? `TorchServe's ${handler.name}` : "the archive's handler";
  return `${subject.archive.container === "bare" ? "a server" : who} runs it in PyTorch, not in ONNX Runtime`;
}
