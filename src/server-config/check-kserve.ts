import type { ConfigFinding } from "./config-finding.ts";
import {
  checkThreads,
  cpuCount,
  danger,
  type Fields,
  isObject,
  listAt,
  missing,
  objectAt,
  type Path,
  type Report,
  withYaml,
} from "./deployment-yaml.ts";
import { nearestName } from "./key.ts";

/** Keys of a predictor's model that we write (serving.kserve.io/v1beta1); a slip in one of them undoes it. */
const modelKeys = ["modelFormat", "protocolVersion", "storageUri", "env", "resources"];

/** Manifests with KServe InferenceServices; other kinds are left alone. */
export function checkKserve(text: string): ConfigFinding[] {
  return withYaml(text, (document, report) => {
    if (!isObject(document) || document["kind"] !== "InferenceService") return;
    const predictor = objectAt(objectAt(document, "spec"), "predictor");
    const [model, path] = modelOf(predictor);
    checkModel(model, ["spec", "predictor", ...path], report);
  });
}

/** A model of a runtime, the older form `pytorch:`, or a container of one's own. */
function modelOf(predictor: Fields): [Fields, Path] {
  if (isObject(predictor["model"])) return [predictor["model"], ["model"]];
  if (isObject(predictor["pytorch"])) return [predictor["pytorch"], ["pytorch"]];
  const [container] = listAt(predictor, "containers");
  return isObject(container) ? [container, ["containers", 0]] : [{}, []];
}

function checkModel(model: Fields, path: Path, report: Report): void {
  for (const name of Object.keys(model)) {
    const near = modelKeys.includes(name) ? null : nearestName(name, modelKeys);
    if (near === null) continue;
    const message = `${name} is no key of a model; did you mean ${near}`;
    report([...path, name], { rule: "unknown-key", severity: "warning", message, remedy: `Write ${near}.` });
  }
  const limits = objectAt(objectAt(model, "resources"), "limits");
  const requests = objectAt(objectAt(model, "resources"), "requests");
  for (const resource of ["cpu", "memory"]) {
    if (limits[resource] === undefined)
      report(
        [...path, "resources"],
        missing(`the predictor has no ${resource} limit`, `Set resources.limits.${resource}.`),
      );
  }
  const [asked, given] = [cpuCount(requests["cpu"]), cpuCount(limits["cpu"])];
  if (asked !== null && given !== null && asked > given) {
    const message = `it requests ${asked} CPUs and is limited to ${given}: Kubernetes refuses that`;
    const remedy = "Make requests and limits equal.";
    report([...path, "resources", "requests", "cpu"], { rule: "contradiction", severity: "error", message, remedy });
  }
  const threads = listAt(model, "env").find((item) => isObject(item) && item["name"] === "OMP_NUM_THREADS");
  checkThreads(isObject(threads) ? threads["value"] : undefined, limits["cpu"], [...path, "env"], report);
  const uri = model["storageUri"];
  if (typeof uri === "string" && uri.startsWith("http://")) {
    report(
      [...path, "storageUri"],
      danger("storageUri is plain HTTP: anybody on the way can change the model", "Use https, oci or pvc."),
    );
  }
}
