import { z } from "zod";
import { benchDocument } from "../src/bench/bench-schema.ts";
import { tuneDocument } from "../src/bench/tune-schema.ts";
import { checksPage } from "../src/checks/checks-page.ts";
import { checks } from "../src/checks/registry.ts";
import { failureTable } from "../src/errors.ts";
import { inspectionDocument } from "../src/inspect/inspection-schema.ts";
import { manifestSchema } from "../src/manifest/index.ts";
import { archiveDocument } from "../src/report/archive-schema.ts";
import { diffDocument } from "../src/report/diff-schema.ts";
import { initDocument } from "../src/report/init-schema.ts";
import { pullDocument, pushDocument, syncDocument } from "../src/report/oci-schema.ts";
import { attestDocument, keygenDocument, signDocument, verifySignatureDocument } from "../src/report/sign-schema.ts";
import {
  convertDocument,
  errorDocument,
  explainDocument,
  exportDocument,
  extractDocument,
} from "../src/report/command-schemas.ts";
import { errorsPage } from "../src/report/errors-page.ts";
import { configCheckDocument, configInitDocument, doctorDocument } from "../src/report/serving-schema.ts";
import { specJsonSchema } from "../src/spec/spec-schema.ts";
import { operatorsPage } from "../src/torchscript/operators-page.ts";
import { operators } from "../src/torchscript/operators/registry.ts";
import { verifyDocument } from "../src/verify/report-schema.ts";

/**
 * What a table in the code can say: each file with the function that writes its text.
 * `npm run generate` writes them; a test holds each against the code.
 */
export const generated: Readonly<Record<string, () => Promise<string>>> = {
  "docs/checks.md": async () => checksPage(checks),
  "docs/errors.md": async () => errorsPage(failureTable()),
  "docs/operators.md": async () => operatorsPage(operators),
  "schema/archive.schema.json": async () => json(z.toJSONSchema(archiveDocument)),
  "schema/attest.schema.json": async () => json(z.toJSONSchema(attestDocument)),
  "schema/bench.schema.json": async () => json(z.toJSONSchema(benchDocument)),
  "schema/config-check.schema.json": async () => json(z.toJSONSchema(configCheckDocument)),
  "schema/config-init.schema.json": async () => json(z.toJSONSchema(configInitDocument)),
  "schema/convert.schema.json": async () => json(z.toJSONSchema(convertDocument)),
  "schema/doctor.schema.json": async () => json(z.toJSONSchema(doctorDocument)),
  "schema/error.schema.json": async () => json(z.toJSONSchema(errorDocument)),
  "schema/explain.schema.json": async () => json(z.toJSONSchema(explainDocument)),
  "schema/export.schema.json": async () => json(z.toJSONSchema(exportDocument)),
  "schema/extract.schema.json": async () => json(z.toJSONSchema(extractDocument)),
  "schema/init.schema.json": async () => json(z.toJSONSchema(initDocument)),
  "schema/inspect.schema.json": async () => json(z.toJSONSchema(inspectionDocument)),
  "schema/manifest.schema.json": async () => json(manifestSchema()),
  "schema/keygen.schema.json": async () => json(z.toJSONSchema(keygenDocument)),
  "schema/diff.schema.json": async () => json(z.toJSONSchema(diffDocument)),
  "schema/model-archiver.schema.json": async () => json(specJsonSchema()),
  "schema/pull.schema.json": async () => json(z.toJSONSchema(pullDocument)),
  "schema/sync.schema.json": async () => json(z.toJSONSchema(syncDocument)),
  "schema/push.schema.json": async () => json(z.toJSONSchema(pushDocument)),
  "schema/sign.schema.json": async () => json(z.toJSONSchema(signDocument)),
  "schema/verify-signature.schema.json": async () => json(z.toJSONSchema(verifySignatureDocument)),
  "schema/tune.schema.json": async () => json(z.toJSONSchema(tuneDocument)),
  "schema/verify.schema.json": async () => json(z.toJSONSchema(verifyDocument)),
};

/** A JSON document as it is checked in. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
