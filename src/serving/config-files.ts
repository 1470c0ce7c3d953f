import { stringify } from "yaml";
import type { ServingPlan } from "./serving-plan.ts";

/** A generated file: path below the output folder, its text, and whether it is a program. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  readonly executable?: boolean;
}

/** Pinned: a tag can be moved to another image, so `docker run` names the release. */
export const image = "pytorch/torchserve:0.12.0-cpu";
const storeInContainer = "/home/model-server/model-store";
const configInContainer = "/home/model-server/config.properties";
const ports = [8080, 8081, 8082] as const;

/** `host`: listens on loopback only. `container`: on every network inside of it; what is published decides. */
type Place = "host" | "container";

/** Everything `config init` writes, from one plan. */
export function configFiles(plan: ServingPlan, modelStore: string): ConfigFile[] {
  return [
    { path: "config.properties", text: properties(plan, "host", modelStore) },
    { path: "model-config.yaml", text: modelConfig(plan) },
    { path: "torchserve.service", text: systemdUnit(plan, modelStore) },
    { path: "container/config.properties", text: properties(plan, "container", storeInContainer) },
    { path: "container/run.sh", text: dockerRun(plan, modelStore), executable: true },
    { path: "container/compose.yaml", text: compose(plan, modelStore) },
    { path: "kserve/inferenceservice.yaml", text: inferenceServices(plan) },
  ];
}

function properties(plan: ServingPlan, place: Place, modelStore: string): string {
  const host = place === "host" ? "127.0.0.1" : "0.0.0.0";
  const served = plan.models.map((model) => model.archive).join(",");
  return `# Written by model-archiver config init.
inference_address=http://${host}:8080
management_address=http://${host}:8081
metrics_address=http://${host}:8082
grpc_inference_address=127.0.0.1
grpc_management_address=127.0.0.1

model_store=${modelStore}
load_models=${served}
models=${modelsJson(plan)}

# One worker a model; its arithmetic takes ${plan.threads} threads (OMP_NUM_THREADS).
default_workers_per_model=1
number_of_netty_threads=${plan.nettyThreads}
netty_client_threads=${plan.nettyThreads}
job_queue_size=${plan.jobQueueSize}
default_response_timeout=120

# Closed: clients send the token of key_file.json; models come from the model store alone, and only when it starts.
disable_token_authorization=false
enable_model_api=false
allowed_urls=(?!)
install_py_dep_per_model=false
enable_envvars_config=false

metrics_mode=prometheus
enable_metrics_api=true
disable_system_metrics=false
`;
}

/** The settings of each model, in the form of TorchServe's snapshots; a value over several lines ends them in `\`. */
function modelsJson(plan: ServingPlan): string {
  const settings = Object.fromEntries(
    plan.models.map((model) => [
      model.modelName,
      {
        [model.modelVersion]: {
          defaultVersion: true,
          marName: model.archive,
          minWorkers: model.minWorkers,
          maxWorkers: model.maxWorkers,
          batchSize: model.batchSize,
          maxBatchDelay: model.maxBatchDelay,
          responseTimeout: model.responseTimeout,
          startupTimeout: model.startupTimeout,
        },
      },
    ]),
  );
  return JSON.stringify(settings, null, 2).replaceAll("\n", "\\\n");
}

/** For the next `archive --config-file`: the settings travel with the archive, and the handler can read the threads. */
function modelConfig(plan: ServingPlan): string {
  const [first] = plan.models;
  return `# Written by model-archiver config init; pack it with archive --config-file model-config.yaml.
minWorkers: ${first?.minWorkers ?? 1}
maxWorkers: ${first?.maxWorkers ?? 1}
batchSize: ${first?.batchSize ?? 1}
maxBatchDelay: ${first?.maxBatchDelay ?? 20}
responseTimeout: 120
startupTimeout: ${first?.startupTimeout ?? 120}
deviceType: cpu
# Read by the ONNX handlers of model-archiver.
onnx:
  intraOpThreads: ${plan.threads}
`;
}

const mebi = 2 ** 20;
const memoryFlag = (plan: ServingPlan) => `${Math.floor(plan.slice.memory / mebi)}m`;

function dockerRun(plan: ServingPlan, modelStore: string): string {
  const published = ports.map((port) => `  --publish 127.0.0.1:${port}:${port} \\`).join("\n");
  return `#!/bin/sh
# Written by model-archiver config init. The server listens on every network inside of the container;
# its ports are published on this machine's loopback only.
here=$(cd "$(dirname "$0")" && pwd)
exec docker run --rm --name torchserve \\
  --cpus ${plan.slice.cpus} --memory ${memoryFlag(plan)} --shm-size=1g \\
  --ulimit memlock=-1 --ulimit stack=67108864 \\
${published}
  --env OMP_NUM_THREADS=${plan.threads} \\
  --volume ${shellWord(modelStore)}:${storeInContainer}:ro \\
  --volume "$here/config.properties":${configInContainer}:ro \\
  ${image} \\
  torchserve --start --foreground --ncs --ts-config ${configInContainer}
`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function compose(plan: ServingPlan, modelStore: string): string {
  return stringify({
    services: {
      torchserve: {
        image,
        command: ["torchserve", "--start", "--foreground", "--ncs", "--ts-config", configInContainer],
        cpus: plan.slice.cpus,
        mem_limit: memoryFlag(plan),
        shm_size: "1g",
        ulimits: { memlock: -1, stack: 67_108_864 },
        ports: ports.map((port) => `127.0.0.1:${port}:${port}`),
        environment: { OMP_NUM_THREADS: String(plan.threads) },
        // compose replaces variables; a doubled dollar is one.
        volumes: [
          `${modelStore.replaceAll("$", "$$$$")}:${storeInContainer}:ro`,
          `./config.properties:${configInContainer}:ro`,
        ],
        restart: "unless-stopped",
      },
    },
  });
}

function systemdUnit(plan: ServingPlan, modelStore: string): string {
  const store = unitWord(modelStore);
  // With `true` homes are empty for the service, and with them a store that lies in one.
  const homes = /^\/(?:home|root|run\/user)\//.test(modelStore) ? "read-only" : "true";
  return `# Written by model-archiver config init. Install config.properties as /etc/torchserve/config.properties.
[Unit]
Description=TorchServe
After=network.target

[Service]
User=torchserve
StateDirectory=torchserve
WorkingDirectory=/var/lib/torchserve
Environment=OMP_NUM_THREADS=${plan.threads}
Environment=TEMP=/var/lib/torchserve
ExecStart=/usr/bin/env torchserve --start --foreground --ncs --model-store ${commandWord(store)} --ts-config /etc/torchserve/config.properties
Restart=on-failure
CPUQuota=${Math.round(plan.slice.cpus * 100)}%
MemoryMax=${Math.floor(plan.slice.memory / mebi)}M
LimitMEMLOCK=infinity
LimitSTACK=67108864
LimitNOFILE=65536
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=${homes}
ReadOnlyPaths=${store}

[Install]
WantedBy=multi-user.target
`;
}

/** systemd.syntax(7), systemd.unit(5): quoted, and `%` begins a specifier. */
function unitWord(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll("%", "%%")}"`;
}

/** A command line also knows variables; a doubled dollar is one (systemd.service(5)). */
function commandWord(word: string): string {
  return word.replaceAll("$", "$$$$");
}

/** KServe serves one model a service; the store is a claim with model-store/ and config/ in it. */
function inferenceServices(plan: ServingPlan): string {
  const cpus = String(plan.slice.cpus);
  const memory = `${Math.floor(plan.slice.memory / mebi)}Mi`;
  return plan.models
    .map((model) =>
      stringify({
        apiVersion: "serving.kserve.io/v1beta1",
        kind: "InferenceService",
        metadata: { name: kubernetesName(model.modelName) },
        spec: {
          predictor: {
            model: {
              modelFormat: { name: "pytorch" },
              protocolVersion: "v1",
              storageUri: `pvc://model-store/${kubernetesName(model.modelName)}`,
              env: [{ name: "OMP_NUM_THREADS", value: String(plan.threads) }],
              resources: { requests: { cpu: cpus, memory }, limits: { cpu: cpus, memory } },
            },
          },
        },
      }),
    )
    .join("---\n");
}

/** RFC 1123 label: what Kubernetes takes for a name. */
export function kubernetesName(name: string): string {
  const label = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return label.slice(0, 63) || "model";
}
