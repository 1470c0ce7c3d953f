/** A file, and the flows that it must show as `line kind target`; none for a clean one. */
export interface FlowCase {
  readonly title: string;
  readonly file?: string;
  readonly text: string;
  readonly flows: readonly string[];
}

const flows = (title: string, text: string, ...found: readonly string[]): FlowCase => ({ title, text, flows: found });
const inFile = (file: string, title: string, text: string, ...found: readonly string[]): FlowCase => ({
  title,
  file,
  text,
  flows: found,
});

export const flowing: readonly FlowCase[] = [
  flows(
    "a constant URL",
    `import requests\nrequests.post("https://api.openai.com/v1/x", json={})`,
    "2 endpoint api.openai.com",
  ),
  flows(
    "an alias of the module",
    `import requests as r\nr.get("https://s3.amazonaws.com/b/k")`,
    "2 endpoint s3.amazonaws.com",
  ),
  flows(
    "a function imported from it",
    `from requests import post\npost("https://api.cohere.ai/v1")`,
    "2 endpoint api.cohere.ai",
  ),
  flows(
    "a module constant",
    `import httpx\nURL = "https://api.groq.com/x"\ndef handle(d, c):\n    return httpx.post(URL)`,
    "4 endpoint api.groq.com",
  ),
  flows(
    "a constant joined by +",
    `import requests\nB = "https://api.together.xyz"\nrequests.get(B + "/v1/models")`,
    "3 endpoint api.together.xyz",
  ),
  flows(
    "an f-string",
    `import requests\nH = "api.replicate.com"\nrequests.get(f"https://{H}/v1/{x}")`,
    "3 endpoint api.replicate.com",
  ),
  flows(
    "% formatting",
    `import requests\nrequests.get("https://api.deepgram.com/%s" % name)`,
    "2 endpoint api.deepgram.com",
  ),
  flows("format()", `import requests\nrequests.get("https://api.x.ai/{}".format(n))`, "2 endpoint api.x.ai"),
  flows(
    "a session",
    `import requests\ns = requests.Session()\ns.put("https://b.blob.core.windows.net/c", data=d)`,
    "3 endpoint b.blob.core.windows.net",
  ),
  flows(
    "an attribute of the handler",
    `import requests\nclass H:\n    def initialize(self, c):\n        self.url = "https://ingest.sentry.io/1"\n    def handle(self, d, c):\n        requests.post(self.url, d)`,
    "6 endpoint ingest.sentry.io",
  ),
  flows(
    "a class attribute",
    `import httpx\nclass H:\n    base = "https://api.mixpanel.com"\n    def handle(self, d, c):\n        httpx.post(self.base + "/track")`,
    "5 endpoint api.mixpanel.com",
  ),
  flows(
    "an argument passed on",
    `import requests\ndef send(url, body):\n    requests.post(url, json=body)\ndef handle(d, c):\n    send("https://hooks.slack.com/services/x", d)`,
    "3 endpoint hooks.slack.com",
  ),
  flows(
    "a keyword passed on",
    `import requests\ndef send(body, url=None):\n    requests.post(url, json=body)\nsend(1, url="https://api.telegram.org/bot")`,
    "3 endpoint api.telegram.org",
  ),
  flows(
    "a default of a parameter",
    `import requests\ndef send(url="https://api.fireworks.ai/v1"):\n    requests.post(url)`,
    "3 endpoint api.fireworks.ai",
  ),
  flows(
    "a default of the environment",
    `import os, requests\nU = os.getenv("SCORER_URL", "https://api.perplexity.ai")\nrequests.post(U)`,
    "3 endpoint api.perplexity.ai",
  ),
  flows(
    "a dictionary",
    `import requests\nC = {"url": "https://api.elevenlabs.io/v1", "n": 1}\nrequests.post(C["url"])`,
    "3 endpoint api.elevenlabs.io",
  ),
  flows(
    "a with statement",
    `import httpx\nwith httpx.Client() as c:\n    c.get("https://huggingface.co/api")`,
    "3 endpoint huggingface.co",
  ),
  flows(
    "asynchronous",
    `import aiohttp\nasync def go():\n    async with aiohttp.ClientSession() as s:\n        await s.post("https://api.assemblyai.com/v2")`,
    "4 endpoint api.assemblyai.com",
  ),
  flows(
    "urllib",
    `from urllib.request import urlopen, Request\nurlopen(Request("https://storage.googleapis.com/b/m.pt"))`,
    "2 endpoint storage.googleapis.com",
  ),
  flows(
    "http.client",
    `import http.client\nc = http.client.HTTPSConnection("api.mistral.ai")`,
    "2 endpoint api.mistral.ai",
  ),
  flows(
    "a socket",
    `import socket\nsocket.create_connection(("logs.papertrailapp.com", 514))`,
    "2 endpoint logs.papertrailapp.com",
  ),
  flows(
    "gRPC",
    `import grpc\nch = grpc.secure_channel("us-central1-aiplatform.googleapis.com:443", creds)`,
    "2 endpoint us-central1-aiplatform.googleapis.com",
  ),
  flows("mail", `import smtplib\nsmtplib.SMTP("smtp.sendgrid.net", 587)`, "2 endpoint smtp.sendgrid.net"),
  flows(
    "a database",
    `import pymongo\npymongo.MongoClient("mongodb+srv://c0.abcde.mongodb.net/db")`,
    "2 endpoint c0.abcde.mongodb.net",
  ),
  flows(
    "a shell",
    `import subprocess\nsubprocess.run(["curl", "-O", "https://download.pytorch.org/models/r.pth"])`,
    "2 endpoint download.pytorch.org",
  ),
  flows("os.system", `import os\nos.system("wget -q https://github.com/x/y/releases/m.onnx")`, "2 endpoint github.com"),
  flows(
    "plain http",
    `import requests\nrequests.get("http://scores.acme-corp.io/v1")`,
    "2 endpoint scores.acme-corp.io plain",
  ),
  flows("an SDK", `import openai\nc = openai.OpenAI()`, "1 sdk openai"),
  flows("an SDK inside of a function", `def handle(d, c):\n    import boto3\n    boto3.client("s3")`, "2 sdk boto3"),
  flows("a package of Google's", `from google.cloud import storage\nstorage.Client()`, "1 sdk google.cloud"),
  flows(
    "an SDK sent elsewhere",
    `import boto3\nboto3.client("s3", endpoint_url="https://s3.fr-par.scw.cloud")`,
    "2 endpoint s3.fr-par.scw.cloud",
  ),
  flows("telemetry", `import wandb\nwandb.init(project="p")`, "1 telemetry wandb"),
  flows(
    "error reports",
    `import sentry_sdk\nsentry_sdk.init(dsn="https://abc@o1.ingest.sentry.io/2")`,
    "1 telemetry sentry_sdk",
    "2 endpoint o1.ingest.sentry.io",
  ),
  flows(
    "weights from a hub",
    `from transformers import AutoModel\nAutoModel.from_pretrained("bert-base-uncased")`,
    "2 hub-download bert-base-uncased",
  ),
  flows(
    "a sentence model",
    `from sentence_transformers import SentenceTransformer\nSentenceTransformer("all-MiniLM-L6-v2")`,
    "2 hub-download all-MiniLM-L6-v2",
  ),
  flows("torch.hub", `import torch\ntorch.hub.load("pytorch/vision", "resnet50")`, "2 hub-download pytorch/vision"),
  flows(
    "torchvision's weights",
    `import torchvision\ntorchvision.models.resnet50(weights="DEFAULT")`,
    "2 hub-download torchvision.models.resnet50",
  ),
  flows("timm's weights", `import timm\ntimm.create_model("vit_base", pretrained=True)`, "2 hub-download vit_base"),
  flows("a data package", `import nltk\nnltk.download("punkt")`, "2 hub-download punkt"),
  flows(
    "a credential of the environment",
    `import os\nkey = os.environ["OPENAI_API_KEY"]`,
    "2 credential-read OPENAI_API_KEY",
  ),
  flows("os.getenv", `from os import getenv\nt = getenv("HF_TOKEN")`, "2 credential-read HF_TOKEN"),
  flows("a key in the source", `KEY = "AKIAIOSFODNN7EXAMPLE"`, "1 hard-coded-credential AWS access key"),
  flows("a password", `connect(host="db", password="hunter2hunter2")`, "1 hard-coded-credential password"),
  flows(
    "a password in a URL",
    `URL = "postgresql://app:s3cr3tpw@db.internal/x"`,
    "1 hard-coded-credential password in a URL",
  ),
  flows(
    "a bearer token",
    `H = {"Authorization": "Bearer abcdefghijklmnop1234"}`,
    "1 hard-coded-credential bearer token",
  ),
  inFile("requirements.txt", "requirements", "numpy==1.26\nboto3>=1.34\nwandb\n", "2 sdk boto3", "3 telemetry wandb"),
  inFile(
    "requirements.txt",
    "another index",
    "--extra-index-url https://download.pytorch.org/whl/cpu\ntorch\n",
    "1 registry download.pytorch.org",
  ),
  inFile(
    "Dockerfile",
    "images and installs",
    "FROM nvcr.io/nvidia/pytorch:24.01 AS base\nFROM base\nRUN pip install requests\n",
    "1 registry nvcr.io",
    "3 registry pypi.org",
  ),
  inFile(
    "compose.yaml",
    "an image and a key",
    "services:\n  a:\n    image: redis:7\n    environment:\n      API_KEY: 9f8e7d6c5b4a3f2e\n",
    "3 registry docker.io",
    "5 hard-coded-credential API_KEY",
  ),
  inFile(
    "model-config.yaml",
    "an address",
    "handler:\n  webhook: http://collector.newrelic.com/x\n",
    "2 endpoint collector.newrelic.com plain",
  ),
];
