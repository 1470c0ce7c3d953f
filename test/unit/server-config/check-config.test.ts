import { expect, test } from "vitest";
import { checkConfig, configKind } from "../../../src/server-config/check-config.ts";
import { configFiles } from "../../../src/serving/config-files.ts";
import { planServing, type ServedModel } from "../../../src/serving/serving-plan.ts";

const model: ServedModel = { archive: "cat.mar", modelName: "cat", modelVersion: "1.0", size: 5e6, batchSize: 4 };
const files = configFiles(planServing([model], { cpus: 2, memory: 8 * 2 ** 30 }), "/srv/model_store");
const textOf = (path: string) => files.find((file) => file.path === path)?.text ?? "";

/** The findings as `line:column rule`. */
function properties(text: string): string[] {
  return checkConfig(text, "config.properties").map(({ line, column, rule }) => `${line}:${column} ${rule}`);
}
const closed = "allowed_urls=(?!)\n";

test.each([
  ["a misspelt key", "inference_adress=http://127.0.0.1:8080", "2:1 unknown-key", "Did you mean inference_address?"],
  ["swapped letters", "  jbo_queue_size=5", "2:3 unknown-key", "Did you mean job_queue_size?"],
  ["a key of nobody", "colour=red", "2:1 unknown-key", "Remove it"],
  ["a word for a number", "job_queue_size=ten", "2:1 wrong-type", "does not start"],
  ["a number out of range", "default_response_timeout=0", "2:1 out-of-range", "from 1 up"],
  ["a number beyond int", "max_request_size=99999999999", "2:1 out-of-range", "from 1 up"],
  ["yes for true", "enable_metrics_api=yes", "2:1 wrong-type", "anything but true"],
  ["an address without http", "management_address=127.0.0.1:8081", "2:1 wrong-type", "http or https"],
  ["broken JSON over lines", 'models={\\\n "a": }', "2:1 wrong-type", "\\ at their ends"],
  ["an unknown choice", "metrics_mode=prometeus", "2:1 wrong-type", "Did you mean prometheus?"],
  ["no token authorization", "disable_token_authorization=true", "2:1 dangerous", "token of key_file.json"],
  ["the model API", "enable_model_api=TRUE", "2:1 dangerous", "load_models"],
  ["an address for all networks", "inference_address=http://0.0.0.0:8080", "2:1 dangerous", "127.0.0.1"],
  ["https without a certificate", "inference_address=https://127.0.0.1:8443", "2:1 contradiction", "keystore"],
  ["half a certificate", "certificate_file=cert.pem", "2:1 contradiction", "Set both"],
  ["archives without a store", "load_models=all", "2:1 missing", "model_store"],
  ["two addresses on one port", "management_address=http://127.0.0.1:8080", "2:1 port-clash", "port of its own"],
  ["a clash with a default port", "inference_address=http://127.0.0.1:7070", "2:1 port-clash", "port of its own"],
  ["a key given twice", "job_queue_size=1\njob_queue_size=2", "2:1 duplicate-key", "Keep one"],
])("config.properties: %s", (_, text, place, remedy) => {
  expect(properties(closed + text)).toEqual([place]);
  expect(checkConfig(closed + text, "config.properties")[0]?.remedy).toContain(remedy);
});

test.each([
  ["no allowed_urls", "job_queue_size=5", ["1:1 dangerous"]],
  ["the default pattern", "allowed_urls=file://.*|http(s)?://.*", ["1:1 dangerous"]],
  ["one open pattern of two", "allowed_urls=https://models\\\\.example\\\\.org/.*,.*", ["1:1 dangerous"]],
  ["one host", "allowed_urls=https://models\\\\.example\\\\.org/.*", []],
])("config.properties: %s", (_, text, found) => {
  expect(properties(text)).toEqual(found);
});

test("values from the environment are not judged", () => {
  expect(properties(`${closed}job_queue_size=$$QUEUE$$`)).toEqual([]);
});

test("what config init writes has no finding, but for the container's addresses", () => {
  for (const file of files) {
    const kind = configKind(file.text, file.path);
    if (kind === null) continue;
    const findings = checkConfig(file.text, kind);
    const rules = file.path === "container/config.properties" ? ["dangerous", "dangerous", "dangerous"] : [];
    expect(
      findings.map((finding) => finding.rule),
      file.path,
    ).toEqual(rules);
  }
});

test("a script is no configuration", () => {
  expect(configKind(textOf("container/run.sh"), "run.sh")).toBeNull();
});

test.each([
  ["a port for everybody", "- 127.0.0.1:8080:8080", "- 8080:8080", "dangerous"],
  ["another loopback is fine, a network is not", "- 127.0.0.1:8080:8080", "- 10.0.0.1:8080:8080", "dangerous"],
  ["a small /dev/shm", "shm_size: 1g", "shm_size: 64m", "out-of-range"],
  ["no /dev/shm", "    shm_size: 1g\n", "", "missing"],
  ["an unpinned image", "torchserve:0.12.0-cpu", "torchserve:latest-cpu", "dangerous"],
  ["no tag", "torchserve:0.12.0-cpu", "torchserve", "dangerous"],
  ["a writable store", "model-store:ro", "model-store", "dangerous"],
  ["more threads than CPUs", 'OMP_NUM_THREADS: "2"', 'OMP_NUM_THREADS: "16"', "contradiction"],
  ["no threads", 'OMP_NUM_THREADS: "2"', 'OTHER: "2"', "missing"],
  ["no CPUs", "    cpus: 2\n", "", "missing"],
  ["broken YAML", "services:", "services: [", "unparsable"],
  ["a misspelt key", "shm_size: 1g", "shm_sise: 1g", "unknown-key"],
  ["little stack", "stack: 67108864", "stack: 8388608", "out-of-range"],
  ["little locked memory", "memlock: -1", "memlock: {soft: 65536, hard: 65536}", "out-of-range"],
  ["a flag that opens", "- --ncs", "- --ncs\n      - --disable-token-auth", "dangerous"],
  ["a privileged container", "    shm_size", "    privileged: true\n    shm_size", "dangerous"],
  ["the host's network", "    shm_size", "    network_mode: host\n    shm_size", "dangerous"],
])("compose: %s", (_, from, to, rule) => {
  const text = textOf("container/compose.yaml");
  expect(text).toContain(from);
  const findings = checkConfig(text.replace(from, to), "compose");
  expect(findings.map((finding) => finding.rule)).toContain(rule);
});

test("compose: what comes by a merge key counts", () => {
  const text = textOf("container/compose.yaml").replace("    shm_size: 1g\n", "    <<: *common\n");
  const merged = `x-common: &common\n  shm_size: 1g\n${text}`;
  expect(checkConfig(merged, "compose")).toEqual([]);
  expect(checkConfig(merged.replace("1g", "8m"), "compose").map(({ rule }) => rule)).toEqual(["out-of-range"]);
});

test.each([
  ["root", "User=torchserve", "User=root", "dangerous"],
  ["the background", " --foreground", "", "contradiction"],
  ["an open door", "--ncs", "--ncs --disable-token-auth", "dangerous"],
  ["no quota", /CPUQuota=.*\n/, "", "missing"],
  ["more threads than the quota", "OMP_NUM_THREADS=2", "OMP_NUM_THREADS=8", "contradiction"],
])("systemd: %s", (_, from, to, rule) => {
  const findings = checkConfig(textOf("torchserve.service").replace(from, to), "systemd");
  expect(findings.map((finding) => finding.rule)).toEqual([rule]);
});

test.each([
  ["no memory limit", /limits:\n(\s+)cpu: "2"\n\s+memory: \S+/, 'limits:\n$1cpu: "2"', "missing"],
  ["plain HTTP", "pvc://model-store/cat", "http://models.example.org/cat.mar", "dangerous"],
  ["threads beyond the limit", 'value: "2"', 'value: "8"', "contradiction"],
  ["a misspelt key", "protocolVersion:", "protocolVerson:", "unknown-key"],
  ["a request above the limit", /requests:\n(\s+)cpu: "2"/, 'requests:\n$1cpu: "3"', "contradiction"],
  ["the older form, without threads", /model:\n|name: OMP_NUM_THREADS/g, "pytorch:\n", "missing"],
])("KServe: %s", (_, from, to, rule) => {
  const findings = checkConfig(textOf("kserve/inferenceservice.yaml").replace(from, to), "kserve");
  expect(findings.map((finding) => finding.rule)).toEqual([rule]);
});

test.each([
  ["a misspelt key", "minWorker: 1", "1:1 unknown-key", "Write minWorkers."],
  ["another spelling", "a:\n  b: 1\nmax_batch_delay: 50", "3:1 unknown-key", "Write maxBatchDelay."],
  ["a text for a number", 'batchSize: "4"', "1:1 wrong-type", "Correct batchSize."],
  ["a number below the least", "minWorkers: 0\nbatchSize: -1", "2:1 out-of-range", "Correct batchSize."],
  ["a key given twice", "batchSize: 1\nbatchSize: 2", "2:1 duplicate-key", "Leave one of them."],
  ["workers upside down", "minWorkers: 4\nmaxWorkers: 2", "1:1 contradiction", "Set minWorkers to at most maxWorkers."],
  ["a list", "- minWorkers: 1", "1:1 unparsable", "Write a map"],
  ["nothing", "# later", "1:1 unparsable", "Write a map"],
  ["broken YAML", "handler: {a: 1\n", "2:1 unparsable", "Write a map"],
  ["within torchrun", "torchrun:\n  nproc-per-nod: 2", "2:3 unknown-key", "Write nproc-per-node."],
])("model-config.yaml: %s", (_, text, place, remedy) => {
  const findings = checkConfig(text, "model-config.yaml");
  const shown = findings.map(({ line, column, rule }) => `${line}:${column} ${rule}`);
  expect(shown).toContain(place);
  expect(findings[shown.indexOf(place)]?.remedy).toContain(remedy);
});
