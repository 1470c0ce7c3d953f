import type { ConfigFinding } from "./config-finding.ts";
import {
  checkThreads,
  danger,
  type Fields,
  isObject,
  listAt,
  missing,
  objectAt,
  type Path,
  type Report,
  scalar,
  withYaml,
} from "./deployment-yaml.ts";
import { nearestName } from "./key.ts";

/** Keys of a service that these rules look for (compose-spec 05-services.md); a slip in one of them undoes it. */
const serviceKeys = [
  "command",
  "cpus",
  "deploy",
  "entrypoint",
  "environment",
  "image",
  "mem_limit",
  "network_mode",
  "ports",
  "privileged",
  "restart",
  "shm_size",
  "ulimits",
  "volumes",
];
/** Others that are near to one of those and right. */
const neighbours = new Set(["cpuset", "gpus"]);
const openingFlag = /--(?:disable-token-auth|dt|enable-model-api)\b/;

const leastSharedMemory = 256 * 2 ** 20;

/** A compose file whose services run TorchServe. */
export function checkCompose(text: string): ConfigFinding[] {
  return withYaml(text, (document, report) => {
    const services = objectAt(document, "services");
    for (const [name, service] of Object.entries(services)) {
      if (isObject(service) && runsTorchServe(service)) checkService(service, ["services", name], report);
    }
  });
}

function runsTorchServe(service: Fields): boolean {
  return /torchserve/i.test(JSON.stringify([service["image"], service["command"], service["entrypoint"]]));
}

function checkService(service: Fields, path: Path, report: Report): void {
  checkNames(service, path, report);
  checkImage(service["image"], [...path, "image"], report);
  checkPublished(service, path, report);
  const shm = byteCount(service["shm_size"]);
  if (shm === null)
    report(
      path,
      missing("no shm_size: Docker gives 64 MB, and a full /dev/shm kills the worker (SIGBUS)", "Set shm_size: 1g."),
    );
  else if (shm < leastSharedMemory)
    report([...path, "shm_size"], {
      rule: "out-of-range",
      severity: "error",
      message: "shm_size is too small for PyTorch's workers",
      remedy: "Set shm_size: 1g.",
    });
  checkUlimits(objectAt(service, "ulimits"), path, report);
  checkOpenings(service, path, report);
  const cpus = service["cpus"] ?? objectAt(objectAt(objectAt(service, "deploy"), "resources"), "limits")["cpus"];
  if (cpus === undefined) report(path, missing("no cpus: the service takes the neighbours' cores", "Set cpus."));
  const memory =
    service["mem_limit"] ?? objectAt(objectAt(objectAt(service, "deploy"), "resources"), "limits")["memory"];
  if (memory === undefined) report(path, missing("no mem_limit", "Set mem_limit."));
  checkThreads(environment(service)["OMP_NUM_THREADS"], cpus, [...path, "environment"], report);
  checkVolumes(service, path, report);
}

function checkNames(service: Fields, path: Path, report: Report): void {
  for (const name of Object.keys(service)) {
    const near = serviceKeys.includes(name) || neighbours.has(name) ? null : nearestName(name, serviceKeys);
    if (near === null) continue;
    const message = `${name} is no key of a service; did you mean ${near}`;
    report([...path, name], { rule: "unknown-key", severity: "warning", message, remedy: `Write ${near}.` });
  }
}

/** `stack: 67108864` or `stack: {soft: …, hard: …}`; -1: no limit. */
function checkUlimits(ulimits: Fields, path: Path, report: Report): void {
  const wanted = { memlock: -1, stack: 67_108_864 };
  for (const [name, least] of Object.entries(wanted)) {
    const remedy = `Set ulimits: ${name}: ${least}.`;
    const given = ulimits[name];
    if (given === undefined) {
      report(path, missing(`no ${name} limit`, remedy));
      continue;
    }
    const soft = Number(scalar(isObject(given) ? given["soft"] : given));
    if (soft === -1 || (least !== -1 && soft >= least)) continue;
    const message = `the ${name} limit is ${soft}, below what TorchServe's workers are given in its own images`;
    report([...path, "ulimits", name], { rule: "out-of-range", severity: "warning", message, remedy });
  }
}

/** What undoes the walls around the service, whatever config.properties says. */
function checkOpenings(service: Fields, path: Path, report: Report): void {
  for (const key of ["command", "entrypoint"]) {
    if (!openingFlag.test(JSON.stringify(service[key] ?? ""))) continue;
    const remedy = "Remove --disable-token-auth and --enable-model-api.";
    report([...path, key], danger("the command line opens what config.properties closes", remedy));
  }
  if (service["privileged"] === true)
    report([...path, "privileged"], danger("a privileged handler owns the machine", "Remove privileged."));
  if (service["network_mode"] === "host") {
    const message = "on the host's network every port that the server opens is open to the machine's networks";
    report([...path, "network_mode"], danger(message, "Remove network_mode and publish 127.0.0.1:PORT:PORT."));
  }
}

function checkImage(image: unknown, path: Path, report: Report): void {
  if (typeof image !== "string") return;
  const tag = /:([^:/@]+)$/.exec(image.replace(/@sha256:.*$/, ""))?.[1];
  if (image.includes("@sha256:") || (tag !== undefined && !tag.startsWith("latest"))) return;
  report(
    path,
    danger(`the image ${image} is not pinned: tomorrow's may be another`, "Name a release tag or a digest."),
  );
}

function checkPublished(service: Fields, path: Path, report: Report): void {
  listAt(service, "ports").forEach((port, i) => {
    const host = isObject(port) ? port["host_ip"] : /^(\[[^\]]+\]|[\d.]+):/.exec(String(port))?.[1];
    if (host === "127.0.0.1" || host === "[::1]" || host === "::1") return;
    const shown = isObject(port) ? String(port["published"] ?? port["target"]) : String(port);
    report(
      [...path, "ports", i],
      danger(`port ${shown} is published on every network of the machine`, "Publish it as 127.0.0.1:PORT:PORT."),
    );
  });
}

function checkVolumes(service: Fields, path: Path, report: Report): void {
  listAt(service, "volumes").forEach((volume, i) => {
    const target = isObject(volume) ? String(volume["target"]) : String(volume);
    const readOnly = isObject(volume) ? volume["read_only"] === true : /:ro(,|$)/.test(target);
    if (/model[-_]?store/.test(target) && !readOnly) {
      report(
        [...path, "volumes", i],
        danger("the model store is writable from inside of the container", "End the volume with :ro."),
      );
    }
  });
}

function environment(service: Fields): Fields {
  const map = objectAt(service, "environment");
  const list = listAt(service, "environment").map((item) => String(item).split("=", 2));
  return { ...map, ...Object.fromEntries(list) };
}

/** Compose byte values: `64m`, `1gb`, `1073741824`. */
function byteCount(value: unknown): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(scalar(value));
  if (match === null) return null;
  const power = { "": 0, k: 1, m: 2, g: 3 }[(match[2] ?? "").toLowerCase()] ?? 0;
  return Number(match[1]) * 1024 ** power;
}
