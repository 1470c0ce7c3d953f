"""Runs a model in the user's own PyTorch, for `model-archiver verify --engine torch`.

Called as `python torch-engine.py FOLDER`: FOLDER/request.json says what to run, FOLDER/result.json is the answer, tensors
are raw little-endian files in FOLDER. With `--measure` it stays, and runs the model as often as each line on stdin asks;
every answer is a line of JSON on stdout. Only the model's own code runs; checkpoints are loaded with weights_only.
"""
import ctypes
import importlib.util
import json
import os
import sys
import time


def main(folder):
    with open(os.path.join(folder, "request.json"), encoding="utf-8") as file:
        request = json.load(file)
    try:
        result = run(folder, request)
    except Exception as error:  # noqa: BLE001 - whatever the model does is the answer
        result = {"failure": f"{type(error).__name__}: {error}", "stage": request.get("stage", "load")}
    with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)


def run(folder, request):
    try:
        import torch
    except ImportError as error:
        return {"missing": f"{sys.executable} has no PyTorch: {error}"}
    try:
        import torchvision  # noqa: F401 - registers operators that programs may call
    except Exception:  # noqa: BLE001 - not installed, or for another PyTorch
        pass
    begun = time.perf_counter()
    call = load(torch, folder, request)
    load_ms = (time.perf_counter() - begun) * 1000
    request["stage"] = "run"
    inputs = [value_of(torch, folder, item) for item in request["inputs"]]
    begun = time.perf_counter()
    outputs = call(inputs)
    run_ms = (time.perf_counter() - begun) * 1000
    # What the model returns may be a buffer of its own, which the next call changes.
    outputs = [output.detach().clone() for output in outputs]

    def differences(other):
        again = other([value_of(torch, folder, item) for item in request["inputs"]])
        return [difference(a, b) for a, b in zip(outputs, again)]

    found = differences(call)
    return {
        "engine": f"torch {torch.__version__}",
        "loadMs": load_ms,
        "runMs": run_ms,
        "outputs": [save(folder, i, output) for i, output in enumerate(outputs)],
        "differences": found,
        # A model that was just loaded answers as this one did at first: what it kept since then makes the difference.
        "stateful": any(found) and not any(differences(load(torch, folder, request))),
    }


def measure(folder):
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # What the model prints is no answer.

    def say(document):
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    with open(os.path.join(folder, "request.json"), encoding="utf-8") as file:
        request = json.load(file)
    try:
        call, inputs, facts = warm(folder, request)
    except ImportError as error:
        return say({"missing": f"{sys.executable} has no PyTorch: {error}"})
    except Exception as error:  # noqa: BLE001 - whatever the model does is the answer
        return say({"failure": f"{type(error).__name__}: {error}", "stage": request.get("stage", "load")})
    say(facts)
    for line in sys.stdin:
        say(timed(call, inputs, json.loads(line)))


def warm(folder, request):
    import torch

    if request.get("threads"):
        torch.set_num_threads(request["threads"])
    begun = time.perf_counter()
    call = load(torch, folder, request)
    loaded = time.perf_counter()
    request["stage"] = "run"
    inputs = [value_of(torch, folder, item) for item in request["inputs"]]
    called = time.perf_counter()
    call(inputs)
    first = (time.perf_counter() - called) * 1000
    facts = {"engine": f"torch {torch.__version__}", "loadMs": (loaded - begun) * 1000, "firstMs": first}
    return call, inputs, facts


def timed(call, inputs, limits):
    import resource

    times = []
    cpu = time.process_time()
    begun = now = time.perf_counter()
    while True:
        call(inputs)
        ended = time.perf_counter()
        times.append((ended - now) * 1000)
        now = ended
        if (now - begun) * 1000 >= limits["milliseconds"] or len(times) >= limits["maxRuns"]:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "times": times,
        "elapsedMs": (now - begun) * 1000,
        "cpuMs": (time.process_time() - cpu) * 1000,
        "totalCpuMs": time.process_time() * 1000,
        "peakMemory": peak,
    }


def load(torch, folder, request):
    path = request["model"]
    if request["format"] == "torchscript":
        module = torch.jit.load(path, map_location="cpu")
        return with_torch(torch, lambda inputs: module(*grouped(module, inputs)))
    if request["format"] == "torch-export":
        program = torch.export.load(path)
        return with_torch(torch, lambda inputs: call_exported(torch, program, inputs))
    module = eager(torch, folder, request)
    return with_torch(torch, lambda inputs: module(*inputs))


def with_torch(torch, call):
    def flat_call(inputs):
        torch.manual_seed(0)
        with torch.no_grad():
            return flat(torch, call(inputs))

    return flat_call


def eager(torch, folder, request):
    """The one class of the model file, with the checkpoint's weights, as TorchServe's BaseHandler does it."""
    sys.path.insert(0, request["codeFolder"])
    spec = importlib.util.spec_from_file_location("model_file", request["modelFile"])
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    classes = [
        item
        for item in vars(code).values()
        if isinstance(item, type) and issubclass(item, torch.nn.Module) and item.__module__ == code.__name__
    ]
    if len(classes) != 1:
        raise ValueError(f"the model file defines {len(classes)} modules; TorchServe expects one")
    module = classes[0]()
    module.load_state_dict(torch.load(request["model"], map_location="cpu", weights_only=True))
    return module.eval()


def value_of(torch, folder, item):
    if item["kind"] != "tensor":
        return item["value"]
    dtype = getattr(torch, item["dtype"])
    if 0 in item["shape"]:
        return torch.empty(item["shape"], dtype=dtype)
    with open(os.path.join(folder, item["file"]), "rb") as file:
        content = bytearray(file.read())
    return torch.frombuffer(content, dtype=dtype).reshape(item["shape"])


def grouped(module, inputs):
    """Inputs by the parameters of forward: a list takes all that are left, a tuple as many as its type has."""
    try:
        parameters = module.forward.schema.arguments[1:]
    except Exception:  # noqa: BLE001 - a method without a schema takes them as they come
        return inputs
    rest, values = list(inputs), []
    for parameter in parameters:
        kind = parameter.type.kind()
        if not rest:
            break
        if kind == "ListType":
            values.append(rest)
            rest = []
        elif kind == "TupleType":
            count = len(parameter.type.elements())
            values.append(tuple(rest[:count]))
            rest = rest[count:]
        else:
            values.append(rest.pop(0))
    return values + rest


def call_exported(torch, program, inputs):
    from torch.utils import _pytree as pytree

    rest, leaves = list(inputs), []
    for spec in program.graph_signature.input_specs:
        if spec.kind.name != "USER_INPUT":
            continue
        fixed = type(spec.arg).__name__ == "ConstantArgument"
        leaves.append(spec.arg.value if fixed else rest.pop(0))
    args, kwargs = pytree.tree_unflatten(leaves, program.call_spec.in_spec)
    return program.module()(*args, **kwargs)


def flat(torch, output):
    if output is None or isinstance(output, str):
        return []
    if isinstance(output, torch.Tensor):
        return [output]
    if isinstance(output, (bool, int, float)):
        return [torch.tensor(output)]
    if isinstance(output, dict):
        return [item for value in output.values() for item in flat(torch, value)]
    if isinstance(output, (list, tuple)):
        return [item for value in output for item in flat(torch, value)]
    raise TypeError(f"an output of type {type(output).__name__}")


def save(folder, index, output):
    tensor = output.detach().cpu().contiguous()
    name = f"output-{index}.bin"
    size = tensor.numel() * tensor.element_size()
    with open(os.path.join(folder, name), "wb") as file:
        file.write(ctypes.string_at(tensor.data_ptr(), size) if size else b"")
    return {"dtype": str(tensor.dtype).replace("torch.", ""), "shape": list(tensor.shape), "file": name}


def difference(a, b):
    if a.shape != b.shape or a.numel() == 0:
        return 0.0
    worst = float((a.double() - b.double()).abs().max()) if not a.is_complex() else float((a - b).abs().max())
    return 0.0 if worst != worst else worst


if __name__ == "__main__":
    (measure if "--measure" in sys.argv[2:] else main)(sys.argv[1])
