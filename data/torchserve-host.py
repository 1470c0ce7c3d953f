"""Runs TorchServe's front end for `model-archiver --engine torchserve`.

Called as `python torchserve-host.py FOLDER JAVA-OPTION...`: FOLDER/config.properties says where it listens. The first line
on stdout is JSON: what is installed, or what is missing; the server's own log follows. All of it ends when stdin does:
whoever asked is gone, and no server may outlive them.
"""
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from importlib import metadata


def main(folder, options):
    spec = importlib.util.find_spec("ts")
    home = os.environ.get("JAVA_HOME")
    java = os.path.join(home, "bin", "java") if home else shutil.which("java")
    if spec is None or spec.origin is None:
        return say({"missing": f"{sys.executable} has no TorchServe", "remedy": "pip install torchserve==0.12.0"})
    if java is None or not os.path.exists(java):
        return say({"missing": "there is no Java, which TorchServe's front end needs", "remedy": "apt-get install default-jre-headless"})
    say({"torchserve": version("torchserve"), "torch": version("torch")})
    site = os.path.dirname(os.path.dirname(spec.origin))
    server = subprocess.Popen(
        [
            java,
            *options,
            f"-Dmodel_server_home={site}",
            f"-Djava.io.tmpdir={os.path.join(folder, 'tmp')}",
            "-cp",
            f".:{site}/ts/frontend/*",
            "org.pytorch.serve.ModelServer",
            "--python",
            sys.executable,
            "-f",
            os.path.join(folder, "config.properties"),
            "-ncs",
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    threading.Thread(target=end_with_parent, args=(server, folder), daemon=True).start()
    return server.wait()


def end_with_parent(server, folder):
    sys.stdin.buffer.read()
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)  # We lead the group: the server, its workers, and what they started.


def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def say(document):
    print(json.dumps(document), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
