import type { ConfigFinding } from "./config-finding.ts";
import { nearestName, type Key } from "./key.ts";
import { parseProperties, type Property } from "./parse-properties.ts";
import { defaultPorts, propertyKey, propertyNames } from "./property-keys.ts";

type Rule = Pick<ConfigFinding, "rule" | "severity" | "message" | "remedy">;
type Properties = ReadonlyMap<string, Property>;

/** What TorchServe would ignore, refuse or regret in a `config.properties`. Pure: reads no other file. */
export function checkProperties(text: string): ConfigFinding[] {
  const pairs = parseProperties(text);
  const byName: Properties = new Map(pairs.map((pair) => [pair.name, pair]));
  const findings = [
    ...pairs.flatMap((pair) => place(pair, checkPair(pair))),
    ...pairs.flatMap((pair) => (byName.get(pair.name) === pair ? [] : place(pair, [duplicate(pair)]))),
    ...checkDangers(byName),
    ...checkContradictions(byName),
    ...checkPorts(byName),
  ];
  return findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function place(pair: Property | undefined, rules: readonly Rule[]): ConfigFinding[] {
  return rules.map((rule) => ({ ...rule, line: pair?.line ?? 1, column: pair?.column ?? 1 }));
}

function duplicate(pair: Property): Rule {
  const message = `${pair.name} stands here and again below; the last one counts`;
  return { rule: "duplicate-key", severity: "warning", message, remedy: "Keep one of them." };
}

/** `$$NAME$$` is replaced by the environment variable when the server starts; it can be anything. */
const fromEnvironment = /\$\$\w+\$\$/;

function checkPair(pair: Property): Rule[] {
  const key = propertyKey(pair.name);
  if (key === null) return [unknownKey(pair.name)];
  if (fromEnvironment.test(pair.value)) return [];
  const problem = typeProblem(key, pair.value);
  return problem === null ? [] : [problem];
}

function unknownKey(name: string): Rule {
  const nearest = nearestName(name, propertyNames());
  const remedy = nearest
    ? `Did you mean ${nearest}?`
    : "Remove it, or look the key up in TorchServe's configuration page.";
  return {
    rule: "unknown-key",
    severity: "error",
    message: `${name} is no key of TorchServe, which ignores it`,
    remedy,
  };
}

function typeProblem(key: Key, value: string): Rule | null {
  const wrong = (wanted: string, remedy: string): Rule => ({
    rule: "wrong-type",
    severity: "error",
    message: `${key.name} is ${JSON.stringify(value)}, not ${wanted}`,
    remedy,
  });
  switch (key.type) {
    case "bool":
      return /^(true|false)$/i.test(value)
        ? null
        : wrong("true or false", "TorchServe takes anything but true for false.");
    case "int":
    case "double":
    case "port":
      return numberProblem(key, value, wrong);
    case "address":
      return isAddress(value)
        ? null
        : wrong("an address like http://127.0.0.1:8080", "Write http or https, a host and a port.");
    case "json":
      return isJson(value)
        ? null
        : wrong("JSON", "Check quotes and commas; a value over several lines needs \\ at their ends.");
    case "choice":
      return key.choices?.includes(value) ? null : wrong(`one of ${key.choices?.join(", ")}`, choiceRemedy(key, value));
    default:
      return null;
  }
}

function choiceRemedy(key: Key, value: string): string {
  const nearest = nearestName(value, key.choices ?? []);
  return nearest ? `Did you mean ${nearest}?` : "TorchServe does not start, or falls back to its default.";
}

function numberProblem(key: Key, value: string, wrong: (wanted: string, remedy: string) => Rule): Rule | null {
  const pattern = key.type === "double" ? /^[+-]?\d+(\.\d+)?$/ : /^[+-]?\d+$/;
  if (!pattern.test(value))
    return wrong(key.type === "double" ? "a number" : "a whole number", "TorchServe does not start with it.");
  const number = Number(value);
  const [least, most] =
    key.type === "port" ? [1, 65_535] : [key.least ?? -Infinity, key.type === "int" ? 2 ** 31 - 1 : Infinity];
  if (number >= least && number <= most) return null;
  const message = `${key.name} is ${value}, outside of ${least} to ${most === Infinity ? "any" : most}`;
  return { rule: "out-of-range", severity: "error", message, remedy: `Choose a number from ${least} up.` };
}

function isAddress(value: string): boolean {
  return value.startsWith("unix:/") || /^https?:\/\/[^/:\s]+(:\d{1,5})?\/?$/.test(value);
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

const isTrue = (properties: Properties, name: string) => properties.get(name)?.value.toLowerCase() === "true";

function checkDangers(properties: Properties): ConfigFinding[] {
  const danger = (name: string, message: string, remedy: string) =>
    place(properties.get(name), [{ rule: "dangerous", severity: "warning", message, remedy }]);
  const findings: ConfigFinding[] = [];
  if (isTrue(properties, "disable_token_authorization")) {
    findings.push(
      ...danger(
        "disable_token_authorization",
        "anybody who reaches the ports may use and manage the server",
        "Remove the line; clients send the token of key_file.json.",
      ),
    );
  }
  if (isTrue(properties, "enable_model_api")) {
    findings.push(
      ...danger(
        "enable_model_api",
        "models, and with them code, can be registered over the network",
        "Set enable_model_api=false and name the models in load_models.",
      ),
    );
  }
  if (isTrue(properties, "install_py_dep_per_model")) {
    findings.push(
      ...danger(
        "install_py_dep_per_model",
        "an archive's requirements.txt makes the server install packages from the network",
        "Install what the handlers need in the image.",
      ),
    );
  }
  if (allowsAnyUrl(properties.get("allowed_urls")?.value)) {
    findings.push(
      ...danger(
        "allowed_urls",
        "models may be loaded from any URL (the default)",
        "Set allowed_urls=(?!) to load from the model store only.",
      ),
    );
  }
  return [...findings, ...openAddresses(properties)];
}

/** Each pattern must match the whole URL, whatever the case; without the key every URL is allowed. */
function allowsAnyUrl(patterns: string | undefined): boolean {
  if (patterns === undefined) return true;
  const anything = ["https://any.example/any.mar", "http://any.example/any.mar", "file:///any.mar"];
  return patterns.split(",").some((pattern) => {
    try {
      const whole = new RegExp(`^(?:${pattern.trim()})$`, "i");
      return anything.some((url) => whole.test(url));
    } catch {
      return false;
    }
  });
}

/** CVE-2023-43654 and CVE-2024-35199 were open management and gRPC ports. */
function openAddresses(properties: Properties): ConfigFinding[] {
  const names = [
    "inference_address",
    "management_address",
    "metrics_address",
    "grpc_inference_address",
    "grpc_management_address",
  ];
  return names.flatMap((name) => {
    const pair = properties.get(name);
    if (!pair || !/^(https?:\/\/)?(0\.0\.0\.0|\[::\])(:|\/|$)/.test(pair.value)) return [];
    const message = `${name} listens on every network of the machine`;
    const remedy = "Listen on 127.0.0.1; in a container, publish the port on 127.0.0.1 only.";
    return place(pair, [{ rule: "dangerous", severity: "warning", message, remedy }]);
  });
}

function checkContradictions(properties: Properties): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const contradiction = (name: string, message: string, remedy: string) =>
    findings.push(...place(properties.get(name), [{ rule: "contradiction", severity: "error", message, remedy }]));
  const https = ["inference_address", "management_address", "metrics_address"].find((name) =>
    properties.get(name)?.value.startsWith("https:"),
  );
  const certified =
    properties.has("keystore") || (properties.has("certificate_file") && properties.has("private_key_file"));
  if (https && !certified)
    contradiction(
      https,
      `${https} is https, but there is no certificate`,
      "Set keystore, or certificate_file and private_key_file.",
    );
  if (properties.has("certificate_file") !== properties.has("private_key_file")) {
    const name = properties.has("certificate_file") ? "certificate_file" : "private_key_file";
    contradiction(name, "certificate_file and private_key_file go together", "Set both.");
  }
  if (properties.has("load_models") && !properties.has("model_store")) {
    const message = "load_models names archives, but there is no model_store";
    findings.push(
      ...place(properties.get("load_models"), [
        { rule: "missing", severity: "warning", message, remedy: "Set model_store, or start with --model-store." },
      ]),
    );
  }
  if (isTrue(properties, "use_env_allowed_urls") && !isTrue(properties, "enable_envvars_config")) {
    contradiction(
      "use_env_allowed_urls",
      "use_env_allowed_urls does nothing without enable_envvars_config",
      "Set enable_envvars_config=true too, or remove it.",
    );
  }
  return findings;
}

function checkPorts(properties: Properties): ConfigFinding[] {
  const taken = new Map<number, string>();
  const findings: ConfigFinding[] = [];
  for (const [name, standard] of Object.entries(defaultPorts)) {
    const pair = properties.get(name);
    const port = pair ? portOf(pair.value) : standard;
    const other = port === null ? undefined : taken.get(port);
    if (port !== null && other === undefined) taken.set(port, name);
    if (other === undefined) continue;
    const message = `${name} and ${other} both take port ${port}`;
    const culprit = pair ?? properties.get(other);
    findings.push(
      ...place(culprit, [
        { rule: "port-clash", severity: "error", message, remedy: "Give each address a port of its own." },
      ]),
    );
  }
  return findings;
}

function portOf(value: string): number | null {
  if (/^\d+$/.test(value)) return Number(value);
  const url = /^(https?):\/\/[^/:\s]+(?::(\d+))?\/?$/.exec(value);
  return url === null ? null : Number(url[2] ?? (url[1] === "https" ? 443 : 80));
}
