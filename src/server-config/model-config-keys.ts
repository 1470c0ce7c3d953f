/** A key of model-config.yaml as TorchServe 0.12's `ModelConfig.java` reads it. */
export interface ModelConfigKey {
  readonly type: "int" | "bool" | "string" | "int-list" | "map" | "any";
  /** Smaller values are ignored or raised to this. */
  readonly least?: number;
  readonly choices?: readonly string[];
}

const int = (least: number): ModelConfigKey => ({ type: "int", least });
const bool: ModelConfigKey = { type: "bool" };

/** Frontend keys; wrong ones are logged and ignored. */
export const modelConfigKeys: Readonly<Record<string, ModelConfigKey>> = {
  minWorkers: int(1),
  maxWorkers: int(1),
  batchSize: int(1),
  maxBatchDelay: int(0),
  responseTimeout: int(1),
  startupTimeout: int(1),
  deviceType: { type: "string", choices: ["cpu", "gpu"] },
  deviceIds: { type: "int-list" },
  parallelType: { type: "string", choices: ["pp", "tp", "pptp", "custom"] },
  parallelLevel: int(0),
  torchrun: { type: "map" },
  maxRetryTimeoutInSec: int(0),
  clientTimeoutInMills: int(0),
  jobQueueSize: int(0),
  useJobTicket: bool,
  sequenceMaxIdleMSec: int(0),
  sequenceTimeoutMSec: int(0),
  maxSequenceJobQueueSize: int(1),
  maxNumSequence: int(1),
  continuousBatching: bool,
  sequenceBatching: bool,
  asyncCommunication: bool,
  useVenv: bool,
  // Read by handlers that TorchServe ships, through context.model_yaml_config.
  pt2: { type: "any" },
  // Read by the ONNX handlers of this package.
  onnx: { type: "map" },
  handler: { type: "map" },
  deepspeed: { type: "map" },
  pippy: { type: "map" },
  dali: { type: "map" },
  micro_batching: { type: "any" },
  mb_parallelism: { type: "any" },
};

export const torchrunKeys: Readonly<Record<string, ModelConfigKey>> = {
  nnodes: int(1),
  "nproc-per-node": int(1),
  "rdzv-backend": { type: "string" },
  "rdzv-endpoint": { type: "string" },
  "rdzv-conf": { type: "string" },
  "rdzv-id": { type: "string" },
  "max-restarts": int(0),
  "monitor-interval": int(0),
  "node-rank": int(0),
  OMP_NUMBER_THREADS: int(1),
};
