import type { Form } from "./build-archive.ts";
import type { Recipe } from "./recipes.ts";

const source = "def handle(data, context):\n    return None if data is None else ['ok'] * len(data)\n";

function packed(name: string, more: Partial<Recipe> = {}): Recipe {
  return {
    name,
    ...more,
    files: { "handler.py": source, ...more.files },
    model: { handler: "handler.py", ...more.model },
  };
}

function config(name: string, text: string): Recipe {
  return packed(name, { files: { "model-config.yaml": text }, model: { configFile: "model-config.yaml" } });
}

const forms: readonly Form[] = [
  "deflated",
  "stored with descriptor",
  "bytes before",
  "zip suffix",
  "tgz",
  "flat tgz",
  "tar",
  "folder",
];

/** Containers, manifests, configuration, requirements, names. */
export const packagingRecipes: readonly Recipe[] = [
  ...forms.map((form) => packed(`container ${form}`, { form })),
  packed("manifest with further keys", { manifest: { publisher: "somebody", modelServerVersion: "1.0" } }),
  packed("manifest without dates", { manifest: { createdOn: undefined, archiverVersion: undefined } }),
  packed("manifest without runtime", { manifest: { runtime: undefined } }),
  packed("manifest with a byte order mark", {
    manifestText:
      '\uFEFF{"runtime":"python","model":{"modelName":"manifest_with_a_byte_order_mark","modelVersion":"1.0","handler":"handler.py"}}',
  }),
  packed("manifest without a name", { model: { modelName: null } }),
  packed("manifest with unknown runtime", { manifest: { runtime: "python2" } }),
  packed("manifest with null model", { manifest: { model: null } }),
  packed("manifest cut short", { manifestText: '{"runtime":"python","model":{"modelName":' }),
  packed("manifest empty", { manifestText: "" }),
  packed("name with a blank", { model: { modelName: "name with a blank" } }),
  packed("name with a slash", { model: { modelName: "a/b" } }),
  packed("name beyond ASCII", { model: { modelName: "modèle" } }),
  packed("name with dots", { model: { modelName: "net-2.1_b" } }),
  packed("odd version", { model: { modelVersion: "v1 beta" } }),
  config("configuration", "minWorkers: 1\nmaxWorkers: 1\nbatchSize: 2\nmaxBatchDelay: 50\nresponseTimeout: 30\n"),
  config("configuration with unknown keys", "minWorker: 1\nmine: {a: 1}\n"),
  config("configuration with wrong types", 'batchSize: "2"\ndeviceType: tpu\n'),
  config("configuration empty", ""),
  config("configuration of comments", "# nothing yet\n"),
  config("configuration unparsable", "a: [1, 2\nb: }\n"),
  config("configuration with a tag", "handler: !!python/object:os.system {}\n"),
  packed("configuration missing", { model: { configFile: "absent.yaml" } }),
  packed("requirements", {
    files: { "requirements.txt": "numpy==1.26.4\n" },
    model: { requirementsFile: "requirements.txt" },
  }),
];
