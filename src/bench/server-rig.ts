import { rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type PrivateFolder, privateFolder } from "../archive/private-folder.ts";
import { knownRequest, noRequest, notServable, servingFailed } from "../checks/model/served-runner.ts";
import { cpuTimeOf, diskReadsOf, groupMembers, peakMemoryOf } from "../machine/processes.ts";
import { archive as pack } from "../pack/pack.ts";
import type { RequestBody } from "../runtime/request-body.ts";
import type { ServerOptions } from "../torchserve/server-process.ts";
import { ServingFailure, TorchServe } from "../torchserve/server.ts";
import type { Load, Point, Rig, Running } from "./rig.ts";
import { configWith } from "./tuned-config.ts";
import { measuringFailed, notMeasurable, type Workload } from "./workload.ts";

/** How long a batch waits for more where nobody said, ms. Clients that wait for their answers fill it much sooner. */
const standardDelayMs = 50;

/** How a server is configured and asked. */
export interface Demand {
  /** How long a batch waits for more, ms. */
  readonly delayMs?: number;
  /** Clients, each of which sends its next request when it has its answer; a batch for each worker unless told. */
  readonly clients?: number;
}

/** Measures in a real TorchServe, through HTTP. It executes the archive's code. Throws ArchiverError. */
export async function serverRig(workload: Workload, options: ServerOptions, demand: Demand): Promise<Rig> {
  const { subject, sample } = workload;
  const reason = notServable(subject);
  if (reason !== null) throw notMeasurable(workload, reason);
  const body = sample ?? (await knownRequest(subject));
  if (body === null) throw notMeasurable(workload, noRequest);
  return new ServerRig(workload, body, options, demand);
}

class ServerRig implements Rig {
  readonly path: string;
  readonly format: string;
  readonly input: string;
  readonly otherEngine = null;
  readonly #workload: Workload;
  readonly #body: RequestBody;
  readonly #options: ServerOptions;
  readonly #demand: Demand;
  #server: { readonly threads: number; readonly served: TorchServe } | null = null;
  #staged: PrivateFolder | null = null;

  constructor(workload: Workload, body: RequestBody, options: ServerOptions, demand: Demand) {
    [this.#workload, this.#body, this.#options, this.#demand] = [workload, body, options, demand];
    const { path, format } = workload.facts([]);
    [this.path, this.format, this.input] = [path, format, body.name];
  }

  async startPacked(threads: number): Promise<Running> {
    try {
      return await this.#serve(this.#workload.subject.archive.location, threads, 1);
    } catch (error) {
      throw measuringFailed(this.#workload, error, servingFailed);
    }
  }

  async start({ workers, threads, batch }: Point): Promise<Running | null> {
    try {
      const clients = this.#demand.clients ?? workers * batch;
      return await this.#serve(await this.#configured({ workers, threads, batch }), threads, clients);
    } catch (error) {
      if (batch > 1 && error instanceof ServingFailure) return null;
      throw measuringFailed(this.#workload, error, servingFailed);
    }
  }

  async close(): Promise<void> {
    await this.#server?.served.close();
    await this.#staged?.remove();
    [this.#server, this.#staged] = [null, null];
  }

  /** A server whose workers have so many threads; that is told by its environment. */
  async #withThreads(threads: number): Promise<TorchServe> {
    if (this.#server?.threads === threads) return this.#server.served;
    await this.#server?.served.close();
    this.#server = null;
    const served = await TorchServe.start({ ...this.#options, threads });
    this.#server = { threads, served };
    return served;
  }

  async #serve(location: string, threads: number, clients: number): Promise<Running> {
    const served = await this.#withThreads(threads);
    const before = new Map(groupMembers(served.group).map((pid) => [pid, diskReadsOf([pid])]));
    const cpuBefore = cpuTimeOf([...before.keys()]);
    const began = performance.now();
    await served.register(location);
    const loadMs = performance.now() - began;
    await served.predict(this.#body);
    const coldMs = performance.now() - began;
    const members = groupMembers(served.group);
    let closing: Promise<void> | null = null;
    const reads = members.map((pid) => diskReadsOf([pid]) - (before.get(pid) ?? 0));
    return {
      engine: served.engine,
      clients,
      started: { coldMs, loadMs, firstMs: coldMs - loadMs },
      measure: (limits) => busy(served, this.#body, { ...limits, clients, cpuBefore }),
      processes: () => members,
      diskReads: reads.reduce((sum, each) => sum + each, 0),
      close: () => (closing ??= served.unregister()),
    };
  }

  /** The archive unpacked, with the point in its model-config.yaml. */
  async #configured({ workers, threads, batch }: Point): Promise<string> {
    const { subject, settings } = this.#workload;
    const name = basename((await subject.manifest())?.manifest?.model.configFile ?? "model-config.yaml");
    this.#staged ??= await privateFolder(settings.tmpDir);
    const exportPath = join(this.#staged.path, "point");
    const configFile = join(this.#staged.path, name);
    const { delayMs: maxBatchDelay = standardDelayMs } = this.#demand;
    const asked = { threads, minWorkers: workers, maxWorkers: workers, batchSize: batch, maxBatchDelay };
    await writeFile(configFile, configWith(await subject.text(name), asked, this.format, " Measured with."));
    await rm(exportPath, { recursive: true, force: true });
    const from = resolve(subject.archive.location);
    const packed = await pack({ from, configFile, archiveFormat: "no-archive", exportPath });
    return packed.path;
  }
}

interface Busy {
  readonly milliseconds: number;
  readonly maxRuns: number;
  /** Each sends its next request when it has its answer. */
  readonly clients: number;
  readonly cpuBefore: number;
}

async function busy(
  served: TorchServe,
  body: RequestBody,
  { milliseconds, maxRuns, clients, cpuBefore }: Busy,
): Promise<Load> {
  const times: number[] = [];
  const before = cpuTimeOf(groupMembers(served.group));
  const began = performance.now();
  const client = async (): Promise<void> => {
    do {
      const sent = performance.now();
      await served.predict(body);
      times.push(performance.now() - sent);
    } while (performance.now() - began < milliseconds && times.length < maxRuns);
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsedMs = performance.now() - began;
  const total = cpuTimeOf(groupMembers(served.group));
  return {
    rowsPerSecond: (times.length * 1000) / elapsedMs,
    times,
    cpuMs: total - before,
    totalCpuMs: total - cpuBefore,
    peakMemory: peakMemoryOf(await served.workers()),
  };
}
