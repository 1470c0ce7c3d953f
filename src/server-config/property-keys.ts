import type { Key } from "./key.ts";

const named = (type: Key["type"], names: string): Key[] => names.split(" ").map((name) => ({ name, type }));
const numbers = (type: "int" | "double", least: number, names: string): Key[] =>
  names.split(" ").map((name) => ({ name, type, least }));

/** Every key of `config.properties` (pytorch/serve: frontend/server/…/util/ConfigManager.java, 0.12.0). */
const propertyKeys: readonly Key[] = [
  ...named("address", "inference_address management_address metrics_address"),
  ...named("string", "grpc_inference_address grpc_management_address"),
  ...named("port", "grpc_inference_port grpc_management_port initial_worker_port initial_distribution_port"),
  ...numbers(
    "int",
    0,
    "grpc_inference_max_connection_age_ms grpc_inference_max_connection_age_grace_ms grpc_management_max_connection_age_ms grpc_management_max_connection_age_grace_ms",
  ),
  ...named(
    "bool",
    "enable_grpc_ssl ts_open_inference_protocol use_env_allowed_urls enable_envvars_config disable_token_authorization enable_model_api enable_metrics_api model_metrics_auto_detect disable_system_metrics async_logging install_py_dep_per_model decode_input_request limit_max_image_pixels prefer_direct_buffer ipex_enable ipex_gpu_enable cpu_launcher_enable debug use_native_io",
  ),
  ...named("list", "load_models"),
  ...named(
    "path",
    "model_store workflow_store metrics_config keystore certificate_file private_key_file model_server_home cpp_log_config python plugins_path",
  ),
  ...named("json", "model_snapshot models"),
  ...named("regex-list", "allowed_urls"),
  ...numbers("double", 0, "token_expiration_min"),
  { name: "metrics_mode", type: "choice", choices: ["log", "prometheus", "legacy"] },
  { name: "service_envelope", type: "choice", choices: ["json", "kserve", "kservev2", "body"] },
  ...named(
    "string",
    "system_metrics_cmd default_service_handler blacklist_env_vars cors_allowed_origin cors_allowed_methods cors_allowed_headers keystore_pass keystore_type cpu_launcher_args ts_header_key_sequence_id ts_header_key_sequence_start ts_header_key_sequence_end vmargs",
  ),
  ...numbers(
    "int",
    0,
    "metric_time_interval default_workers_per_model number_of_gpu number_of_netty_threads netty_client_threads io_ratio",
  ),
  ...numbers(
    "int",
    1,
    "default_response_timeout default_startup_timeout unregister_model_timeout job_queue_size max_request_size max_response_size",
  ),
];

const byName = new Map(propertyKeys.map((key) => [key.name, key]));

export function propertyKey(name: string): Key | null {
  return byName.get(name) ?? null;
}

export function propertyNames(): Iterable<string> {
  return byName.keys();
}

/** Addresses that TorchServe takes when the file names none. */
export const defaultPorts = {
  inference_address: 8080,
  management_address: 8081,
  metrics_address: 8082,
  grpc_inference_port: 7070,
  grpc_management_port: 7071,
} as const;
