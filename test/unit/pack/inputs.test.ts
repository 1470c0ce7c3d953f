import { readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { failure, folder, names, pack, put } from "./workspace.ts";

const tiny = fileURLToPath(new URL("../../../fixtures/tiny/", import.meta.url));

describe("inputs", () => {
  test("all that is missing is said at once, and nothing is written", async () => {
    const error = await failure({
      serializedFile: "w.pt",
      modelFile: "m.py",
      handler: "x:fn",
      extraFiles: ["a,h.py", "b/c"],
    });
    expect(error.code).toBe("missing-input");
    for (const each of [
      "--serialized-file w.pt",
      "--model-file m.py",
      "--handler x.py",
      "--extra-files a",
      "--extra-files b/c",
    ]) {
      expect(error.message).toContain(each);
    }
    expect(readdirSync(folder)).toEqual(["h.py"]);
  });

  test.each(["h.py:fn", "h:fn", "h", "h.py", "./h.py:fn"])("handler %s is h.py", async (handler) => {
    expect(await names({ handler })).toEqual(["h.py"]);
    expect((await pack({ handler }, { dryRun: true })).manifest.model.handler).toBe(handler.replace("./", ""));
  });

  test("blanks after commas, also in names", async () => {
    put("a.txt");
    put(" b.txt");
    expect(await names({ extraFiles: ["a.txt, h.py , b.txt", ""] })).toEqual([" b.txt", "a.txt", "h.py"]);
  });

  test("name=path, into folders, with folders and wildcards", async () => {
    put("data/v1.txt");
    put("data/v2.txt");
    put("a=b.txt");
    expect(
      await names({
        extraFiles: [
          "vocab.txt=data/v1.txt,x/y.txt=data/v2.txt",
          "all=data",
          "some/=data/*1.txt",
          "one/=h.py",
          "a=b.txt",
        ],
      }),
    ).toEqual(["a=b.txt", "all/v1.txt", "all/v2.txt", "h.py", "one/h.py", "some/v1.txt", "vocab.txt", "x/y.txt"]);
    expect((await failure({ extraFiles: ["../x=h.py"] })).code).toBe("bad-entry-name");
  });

  test("--keep-directories keeps files and folders where they are", async () => {
    put("a/config.json");
    put("b/config.json");
    put("b/deep/x.txt");
    const keepDirectories = true;
    expect(await names({ keepDirectories, extraFiles: ["a/config.json,b", "./b/deep/../config.json"] })).toEqual([
      "a/config.json",
      "b/config.json",
      "b/deep/x.txt",
      "h.py",
    ]);
    expect(await names({ keepDirectories, extraFiles: [join(folder, "a")] })).toContain("a/config.json");
  });

  test("two different files for one name: both are named, with size and digest", async () => {
    put("a/config.json", "{}");
    put("b/config.json", "[1]");
    const error = await failure({ extraFiles: ["a/config.json,b/config.json"] });
    expect(error.code).toBe("archive-name-collision");
    expect(error.message).toMatch(/a\/config\.json {3}2 B {3}sha256 [0-9a-f]{16}/);
    expect(error.message).toMatch(/b\/config\.json {3}3 B {3}sha256 [0-9a-f]{16}/);
  });

  test("two equal files for one name are one", async () => {
    put("a/config.json", "{}");
    put("b/config.json", "{}");
    expect(await names({ extraFiles: ["a,b/config.json"] })).toEqual(["config.json", "h.py"]);
  });

  test("a file where another entry needs a folder", async () => {
    expect((await failure({ extraFiles: ["a=h.py,a/b=h.py"] })).code).toBe("archive-name-collision");
  });

  test("names that verify would refuse are packed with a warning", async () => {
    put("extra/ab:c.txt");
    put("extra/A.txt");
    put("extra/a.txt");
    const { warnings } = await pack({ extraFiles: ["extra"] }, { dryRun: true });
    expect(warnings).toEqual([expect.stringContaining("A.txt and a.txt"), expect.stringContaining("ab:c.txt: ")]);
  });

  test("a manifest of the user's own is refused", async () => {
    put("extra/MAR-INF/MANIFEST.json", "{}");
    expect((await failure({ extraFiles: ["extra"] })).code).toBe("manifest-in-inputs");
  });

  test("links inside of a folder are followed, links that leave it are refused, circles end", async () => {
    put("outside.txt");
    put("extra/in.txt");
    symlinkSync("in.txt", join(folder, "extra/link.txt"));
    symlinkSync(".", join(folder, "extra/circle"));
    expect(await names({ extraFiles: ["extra"] })).toEqual(["h.py", "in.txt", "link.txt"]);
    symlinkSync("../outside.txt", join(folder, "extra/out.txt"));
    expect((await failure({ extraFiles: ["extra"] })).code).toBe("link-outside");
    expect((await failure({ extraFiles: ["extra/*.txt"] })).code).toBe("link-outside");
    expect(await names({ extraFiles: ["extra/out.txt"] })).toEqual(["h.py", "out.txt"]);
    rmSync(join(folder, "extra/out.txt"));
    symlinkSync("nowhere", join(folder, "extra/dangling"));
    expect((await failure({ extraFiles: ["extra"] })).code).toBe("missing-input");
  });

  test("secrets and rubbish stay out of a swept folder and are said; named or included they are packed", async () => {
    const key = "-----BEGIN RSA PRIVATE KEY-----\n";
    for (const path of [".env", ".env.production", "id_rsa", ".DS_Store", ".git", "store.p12"]) put(`extra/${path}`);
    put("extra/server.pem", key);
    put("extra/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    put("extra/.env.example");
    put("extra/.hidden");
    put("extra/.venv/x");
    const result = await pack({ extraFiles: ["extra"] }, { dryRun: true });
    expect(result.entries.map((entry) => entry.path)).toEqual([".env.example", ".hidden", "ca.pem", "h.py"]);
    expect(result.leftOut).toHaveLength(8);
    expect(await names({ extraFiles: ["extra"], include: [".env", "*.p12", ".venv"] })).toEqual([
      ".env",
      ".env.example",
      ".hidden",
      ".venv/x",
      "ca.pem",
      "h.py",
      "store.p12",
    ]);
    expect(await names({ extraFiles: ["extra/.env,extra/id_rsa"] })).toEqual([".env", "h.py", "id_rsa"]);
  });

  test("external data of an ONNX model comes along; a model whose data is missing or elsewhere is refused", async () => {
    expect(await names({ serializedFile: join(tiny, "external/model.onnx") })).toEqual([
      "h.py",
      "model.onnx",
      "model.onnx.data",
    ]);
    expect((await failure({ serializedFile: join(tiny, "external_missing/model.onnx") })).code).toBe("missing-input");
    expect((await failure({ serializedFile: join(tiny, "external_evil/model.onnx") })).code).toBe("bad-external-data");
  });

  test.each([
    ["a: [", "bad-config"],
    ["", "bad-config"],
    ["# nothing\n", "bad-config"],
  ])("--config-file %j is refused", async (text, code) => {
    put("cfg.yaml", text);
    expect((await failure({ configFile: "cfg.yaml" })).code).toBe(code);
  });

  test.each(["", "-m", "a b", "a/b", "ü", "../m", ".m"])("%j is no model name", async (modelName) => {
    expect((await failure({ modelName })).code).toBe("bad-model-name");
  });
});
