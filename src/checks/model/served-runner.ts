import { parse } from "yaml";
import type { FailedRun, ModelRun, NoRun, ServedRun } from "../../runtime/model-run.ts";
import type { RequestBody } from "../../runtime/request-body.ts";
import { EngineFailure } from "../../runtime/session.ts";
import { largestDifference } from "../../runtime/summary.ts";
import { answeredNumbers } from "../../sample/served-answer.ts";
import type { ServerOptions } from "../../torchserve/server-process.ts";
import { ServingFailure, TorchServe } from "../../torchserve/server.ts";
import type { ModelRunner } from "../archive-subject.ts";
import { madeUpRequest } from "../sample/made-up-request.ts";
import { recordedRequest } from "../sample/sample-run.ts";
import type { Subject } from "../subject.ts";

type NotRun = NoRun | FailedRun;

/**
 * Serves the archive in a real TorchServe (`--engine torchserve`) and asks it as a client would. It executes the
 * archive's code, in processes and a folder of its own, until `close`.
 */
export function servedRunner(options: ServerOptions): ModelRunner {
  let server: Promise<TorchServe> | null = null;
  let registered: Promise<{ readonly loadMs: number } | NotRun> | null = null;

  const start = (): Promise<TorchServe> => (server ??= TorchServe.start(options));
  const ready = (subject: Subject): Promise<{ readonly loadMs: number } | NotRun> =>
    (registered ??= register(subject, start));

  return {
    async run(subject) {
      const loaded = await ready(subject);
      return "stage" in loaded ? loaded : firstAnswers(subject, await start(), loaded.loadMs);
    },
    async rerun() {
      return { stage: "skipped", reason: "TorchServe takes requests, not tensors", advice: [] };
    },
    async request(subject, body): Promise<ServedRun> {
      const loaded = await ready(subject);
      if ("stage" in loaded) return loaded;
      const served = await start();
      return asData(async () => ({ stage: "done", answer: await served.predict(body) }));
    },
    async close() {
      const started = await server?.catch(() => null);
      await started?.close();
    },
  };
}

/** Why no server can be given this archive; null: it can. */
export function notServable({ archive: { container, location } }: Subject): NoRun | null {
  if (container === "bare") {
    const message = "A model file by itself has no handler to serve it";
    return skip("no archive", message, "Pack it with model-archiver archive, or use another engine.");
  }
  if (!/^\w+:\/\//.test(location)) return null;
  return skip("not on this machine", "TorchServe is given files", `Fetch ${location} first.`);
}

async function register(
  subject: Subject,
  start: () => Promise<TorchServe>,
): Promise<{ readonly loadMs: number } | NotRun> {
  const { location } = subject.archive;
  const reason = notServable(subject);
  if (reason !== null) return reason;
  return asData(async () => {
    const server = await start();
    const started = performance.now();
    await server.register(location);
    return { loadMs: performance.now() - started };
  });
}

function skip(reason: string, message: string, remedy: string): NoRun {
  return { stage: "skipped", reason, advice: [{ message, at: null, remedy }] };
}

/** Asks twice, and as many at once as the server makes batches of. */
async function firstAnswers(subject: Subject, server: TorchServe, loadMs: number): Promise<ModelRun> {
  const body = subject.options.sample?.file ?? (await knownRequest(subject));
  if (body === null) return { ...noRequest, loaded: true };
  const rows = await batchSize(subject);
  return asData(async () => {
    const started = performance.now();
    const first = await server.predict(body);
    const runMs = performance.now() - started;
    const again = await server.predict(body);
    if (rows > 1) await Promise.all(Array.from({ length: rows }, () => server.predict(body)));
    const difference = largestDifference(answeredNumbers(first), answeredNumbers(again));
    return {
      stage: "done",
      inference: {
        engine: server.engine,
        inputs: [{ name: "request", dtype: "uint8", shape: [body.bytes.length], fill: body.name }],
        outputs: [],
        loadMs: Math.round(loadMs),
        runMs: Math.round(runMs * 10) / 10,
      },
      inputs: [],
      unstable: difference > 0 ? [{ name: "the answer", difference }] : [],
    };
  });
}

/** A request without being given one: a recorded sample's, or one that the handler must take. */
export async function knownRequest(subject: Subject): Promise<RequestBody | null> {
  return (await recordedRequest(subject)) ?? (await madeUpRequest(subject));
}

export const noRequest = skip(
  "no request to send",
  "Nobody but its author knows what the handler takes",
  "Give what a client would send with --sample FILE.",
);

/** What model-config.yaml says. */
async function batchSize(subject: Subject): Promise<number> {
  const file = (await subject.manifest())?.manifest?.model.configFile;
  const text = file === undefined ? null : await subject.text(file);
  const config: unknown = text === null ? null : parse(text, { maxAliasCount: 100 });
  const size = typeof config === "object" && config !== null && "batchSize" in config ? config.batchSize : 1;
  return typeof size === "number" && Number.isInteger(size) ? Math.min(size, mostAtOnce) : 1;
}

/** Requests that wait in TorchServe's queue unless told. */
const mostAtOnce = 100;

/** What stands in the way, as data. */
async function asData<T>(work: () => Promise<T>): Promise<T | NotRun> {
  try {
    return await work();
  } catch (error) {
    return servingFailed(error);
  }
}

/** Throws what is neither the archive's fault nor the server's. */
export function servingFailed(error: unknown): NotRun {
  if (error instanceof ServingFailure) {
    return { stage: error.stage, failure: { message: error.message, at: error.at, remedy: mendIt } };
  }
  if (!(error instanceof EngineFailure)) throw error;
  if (error.problem !== "missing") return { stage: "load", failure: { message: error.message, at: null } };
  const advice = [{ message: error.message, at: null, remedy: installServer }];
  return { stage: "skipped", reason: "TorchServe is not installed", advice };
}

const mendIt = "The worker's own words: mend what they name, and pack again.";

const installServer =
  "Name a Python that has TorchServe with --python: pip install torchserve==0.12.0 torch; its front end needs Java 11 or newer.";
