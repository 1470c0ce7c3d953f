import { LoweringError, type TensorInput } from "../../runtime/runtime-input.ts";
import type { ValueInfo } from "../../graph/graph.ts";
import { servingHandler } from "../python/serving-handler.ts";
import type { Subject } from "../subject.ts";

/** What TorchServe's image handlers give the model: one photograph, resized to 256 and cropped to 224. */
const photograph: TensorInput = {
  kind: "tensor",
  name: null,
  dtype: "float32",
  shape: [1, 3, 224, 224],
  fill: { kind: "zeros" },
};

const known = new WeakMap<Subject, Promise<number | null>>();

/**
 * Classes that the model tells without being run: the fixed last dimension of its only output of two dimensions. A
 * TorchScript program behind image_classifier is evaluated on the shape of a photograph for it.
 */
export function declaredClasses(subject: Subject): Promise<number | null> {
  let classes = known.get(subject);
  if (!classes) known.set(subject, (classes = find(subject)));
  return classes;
}

async function find(subject: Subject): Promise<number | null> {
  const signature = await subject.signature();
  const told = lastDimension(signature?.outputs ?? []);
  if (told !== null) return told;
  const model = await subject.model();
  const handler = await servingHandler(subject);
  const images = handler?.kind === "server" && handler.name.endsWith("image_classifier");
  if (model?.format !== "torchscript" || !images) return null;
  try {
    const { lowerTorch } = await import("../../torchscript/lower.ts");
    const own = signature?.inputs.map(({ dtype, shape }) => `${dtype} ${shape?.join("x")}`).join();
    // The dummy run is given no other: one lowering serves both.
    const inputs = own === `${photograph.dtype} ${photograph.shape.join("x")}` ? [] : [photograph];
    return lastDimension((await lowerTorch(model.source, model.format, inputs)).graph.outputs);
  } catch (error) {
    if (error instanceof LoweringError) return null;
    throw error;
  }
}

function lastDimension(outputs: readonly ValueInfo[]): number | null {
  const [only] = outputs;
  const last = outputs.length === 1 && only?.shape?.length === 2 ? only.shape[1] : null;
  return typeof last === "number" ? last : null;
}
