import { describe, expect, test } from "vitest";
import { lastWords, workerError } from "../../../src/torchserve/worker-error.ts";

/** Lines as TorchServe 0.12.0 logs what a worker says. */
const said = (text: string, stream = "stdout"): string =>
  text
    .split("\n")
    .map((line) => `2026-11-26T11:17:36,027 [INFO ] W-9001-m_1-${stream} MODEL_LOG - ${line}`)
    .join("\n");

const models = "/tmp/x/tmp/models/9ad4ab9add3a409c9da1c1323d1b6550";
const handlerRaises = `Backend worker process died.
Traceback (most recent call last):
  File "/venv/site-packages/ts/model_service_worker.py", line 133, in load_model
    service = model_loader.load(
              ^^^^^^^^^^^^^^^^^^
  File "${models}/bad.py", line 5, in initialize
    self.table = load_table("t.json")
  File "${models}/lib/tables.py", line 7, in load_table
    raise KeyError("no table")
KeyError: 'no table'`;
const server = `2026-11-26T11:17:36,028 [DEBUG] W-9001-m_1 org.pytorch.serve.wlm.WorkerThread - System state is : WORKER_STARTED
java.lang.InterruptedException: null`;

describe("the worker's own error", () => {
  test("is the exception, at the deepest line of the archive's code", () => {
    const log = `${server}\n${said(handlerRaises)}\n${server}`;
    expect(workerError(log)).toEqual({ message: "KeyError: 'no table'", at: "lib/tables.py:7" });
  });

  test("of a folder is placed inside of the folder", () => {
    const log = said(handlerRaises.replaceAll(models, "/tmp/x/store/my_model"));
    expect(workerError(log)?.at).toBe("lib/tables.py:7");
  });

  test("is not the server's search among its own handlers, but what stands before", () => {
    const log = said(`Traceback (most recent call last):
  File "${models}/imp.py", line 1, in <module>
    import nosuchpackage
ModuleNotFoundError: No module named 'nosuchpackage'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/venv/site-packages/ts/model_loader.py", line 110, in load
    module = self._load_default_handler(handler)
ModuleNotFoundError: No module named 'ts.torch_handler.imp'`);
    expect(workerError(log)).toEqual({
      message: "ModuleNotFoundError: No module named 'nosuchpackage'",
      at: "imp.py:1",
    });
  });

  test("of several is the last, and keeps the lines that belong to it", () => {
    const log = said(`${handlerRaises}
Traceback (most recent call last):
  File "/venv/torch/nn/modules/module.py", line 1671, in load_state_dict
    raise RuntimeError(
RuntimeError: Error(s) in loading state_dict for Net:
\tMissing key(s) in state_dict: "fc.weight".
Torch worker started.`);
    expect(workerError(log)).toEqual({
      message: 'RuntimeError: Error(s) in loading state_dict for Net: Missing key(s) in state_dict: "fc.weight".',
      at: null,
    });
  });

  test("is none where the log has none, or ends within it", () => {
    expect(workerError(`${server}\n${said("Torch worker started.")}`)).toBeNull();
    expect(workerError(said(handlerRaises.slice(0, handlerRaises.indexOf("KeyError: ")).trimEnd()))).toBeNull();
  });

  test("a native crash leaves last words on stderr", () => {
    const log = `${said("Torch worker started.")}\n${said("terminate called after throwing an instance of 'c10::Error'", "stderr")}`;
    expect(workerError(log)).toBeNull();
    expect(lastWords(log)).toBe("terminate called after throwing an instance of 'c10::Error'");
    expect(lastWords(said("Torch worker started."))).toBeNull();
  });
});
