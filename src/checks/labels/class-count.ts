import type { Check, Finding } from "../check.ts";
import { notApplicable } from "../check.ts";
import type { NoAnswer } from "../check.ts";
import type { ServingHandler } from "../python/serving-handler.ts";
import { servingHandler } from "../python/serving-handler.ts";
import type { Subject } from "../subject.ts";
import { declaredClasses } from "./declared-classes.ts";
import { labelsInvalid } from "./invalid.ts";
import { labelsPath, readLabels } from "./label-file.ts";

/** TorchServe's own classifiers, which look up the label of each class they report. */
const classifiers = new Set(["image_classifier", "text_classifier", "dali_image_classifier"]);

function isOwnClassifier(handler: ServingHandler | null): boolean {
  return handler?.kind === "server" && classifiers.has(handler.name);
}

/** Indices below `classes` that have no label, in order. */
function unlabelled(labels: ReadonlyMap<string, string>, classes: number): number[] {
  const missing: number[] = [];
  for (let index = 0; index < classes && missing.length < 1000; index += 1) {
    if (!labels.has(String(index))) missing.push(index);
  }
  return missing;
}

/** Classes of the output that the model really gave. */
async function measuredClasses(subject: Subject): Promise<number | NoAnswer> {
  const run = await subject.inference();
  if (!("outputs" in run)) return run;
  const [only] = run.outputs;
  return run.outputs.length === 1 && only?.shape.length === 2 ? (only.shape[1] ?? 0) : notApplicable;
}

function missingLabels(labels: ReadonlyMap<string, string>, classes: number, own: boolean): Finding | null {
  const missing = unlabelled(labels, classes);
  const [first] = missing;
  if (first === undefined) return null;
  const then = own
    ? `a prediction of class ${first} answers 503: KeyError: '${first}'`
    : `the handler has no name for class ${first}`;
  return { message: `${labels.size} labels for ${classes} outputs; ${then}.`, at: labelsPath };
}

const wording = {
  why: "A class without a label cannot be named: TorchServe's own classifiers answer 503 when it is among the top five.",
  remedy: "Complete index_to_name.json: one label for each output of the model.",
} as const;

type Source = (subject: Subject) => Promise<number | NoAnswer>;

const declared: Source = async (subject) => (await declaredClasses(subject)) ?? notApplicable;
const measured: Source = async (subject) =>
  (await declaredClasses(subject)) === null ? measuredClasses(subject) : notApplicable;

function countCheck(id: string, title: string, own: boolean, classesOf: Source): Check {
  return {
    id,
    title,
    severity: own ? "error" : "warning",
    ...wording,
    after: [labelsInvalid],
    async *run(subject) {
      const labels = await readLabels(subject);
      if (labels === null || isOwnClassifier(await servingHandler(subject)) !== own) return notApplicable;
      const classes = await classesOf(subject);
      if (typeof classes !== "number") return classes;
      const finding = missingLabels(labels, classes, own);
      if (finding) yield finding;
    },
  };
}

export const labelsShort = countCheck(
  "serve/labels-short",
  "Every class has a label for the classifier",
  true,
  declared,
);
export const labelsCount = countCheck("labels/count", "Every output of the model has a label", false, declared);

/** For models whose header does not tell their outputs. */
export const labelsShortRun: Check = {
  ...countCheck("serve/labels-short-run", "Every class that the model gives has a label", true, measured),
  runsModel: true,
};
export const labelsCountRun: Check = {
  ...countCheck("labels/count-run", "Every output that the model gives has a label", false, measured),
  runsModel: true,
};
