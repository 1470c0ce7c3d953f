import type { Subject } from "../subject.ts";
import type { RequestBody } from "../../runtime/request-body.ts";
import { dummyInputs } from "../../runtime/dummy-input.ts";
import { madeUpPicture } from "../../sample/made-up-picture.ts";

const picture = (): RequestBody => ({ name: "a made-up picture", type: "image/png", bytes: madeUpPicture() });
const text = (): RequestBody => ({
  name: "a made-up sentence",
  type: "text/plain",
  bytes: Buffer.from("The quick brown fox jumps over the lazy dog."),
});

/** What handlers that everybody knows take. */
const makers: Readonly<Record<string, () => RequestBody>> = {
  image_classifier: picture,
  object_detector: picture,
  image_segmenter: picture,
  dali_image_classifier: picture,
  onnx_image_classifier: picture,
  text_classifier: text,
  onnx_text_classifier: text,
};

/** A request that the archive's handler must answer; null where only its author knows what it takes. */
export async function madeUpRequest(subject: Subject): Promise<RequestBody | null> {
  const handler = (await subject.manifest())?.manifest?.model.handler ?? "";
  const name = handler.replace(/\.py$/, "");
  if (name === "onnx_tensor" && subject.entry("onnx_model.py") !== null) return zeros(subject);
  const own = name === handler || subject.entry("onnx_model.py") !== null;
  return (own ? makers[name]?.() : undefined) ?? null;
}

/** One row of zeros for each input, as JSON. */
async function zeros(subject: Subject): Promise<RequestBody | null> {
  const declared = (await subject.signature())?.inputs ?? [];
  const inputs = dummyInputs(declared, [], { fill: "zeros", seed: 0 });
  if (typeof inputs === "string") return null;
  const rows = inputs.flatMap((input) =>
    input.kind === "tensor" ? [[input.name ?? "", nested(input.shape.slice(1))] as const] : [],
  );
  const bytes = Buffer.from(JSON.stringify(Object.fromEntries(rows)));
  return { name: "zeros", type: "application/json", bytes };
}

function nested([size, ...rest]: readonly number[]): unknown {
  return size === undefined ? 0 : Array.from({ length: size }, () => nested(rest));
}
