/** A call that connects somewhere: which argument says where. Names are canonical: `requests.Session().post`. */
export interface Sink {
  readonly callee: RegExp;
  readonly position: number;
  readonly keyword: string | null;
}

const verbs = "(get|post|put|patch|delete|head|options|stream|ws_connect)";
const http = String.raw`^(requests|httpx|aiohttp|urllib3|niquests|treq)(\.(api|sessions))?(\.\w+\(\))?`;

const sink = (callee: RegExp, position: number, keyword: string | null): Sink => ({ callee, position, keyword });

/** Calls whose argument is a URL, a host, or `(host, port)`. */
export const networkSinks: readonly Sink[] = [
  sink(new RegExp(String.raw`${http}\.${verbs}$`), 0, "url"),
  sink(new RegExp(String.raw`${http}\.(request|urlopen)$`), 1, "url"),
  sink(/^(httpx\.(Client|AsyncClient)|aiohttp\.ClientSession)$/, 9, "base_url"),
  sink(/^urllib\.request\.(urlopen|urlretrieve|Request)$/, 0, "url"),
  sink(/^(http\.client\.HTTPS?Connection)$/, 0, "host"),
  sink(/^socket\.(create_connection|socket\(\)\.connect|socket\(\)\.sendto|getaddrinfo)$/, 0, "address"),
  sink(/^asyncio\.open_connection$/, 0, "host"),
  sink(/^(websocket\.(create_connection|WebSocketApp)|websockets\.(sync\.client\.)?connect)$/, 0, "url"),
  sink(/^grpc(\.aio)?\.(insecure_channel|secure_channel)$/, 0, "target"),
  sink(/^(smtplib\.SMTP(_SSL)?|ftplib\.FTP(_TLS)?|imaplib\.IMAP4(_SSL)?|telnetlib\.Telnet)$/, 0, "host"),
  sink(/^paramiko\.(SSHClient\(\)\.connect|Transport)$/, 0, "hostname"),
  sink(/^xmlrpc\.client\.ServerProxy$/, 0, "uri"),
  sink(/^redis(\.asyncio)?\.(Redis|StrictRedis)$/, 0, "host"),
  sink(/^redis(\.asyncio)?\.(from_url|Redis\.from_url)$/, 0, "url"),
  sink(/^(pymongo\.MongoClient|motor\.motor_asyncio\.AsyncIOMotorClient)$/, 0, "host"),
  sink(/^(psycopg2?|asyncpg)\.(connect|create_pool)$/, 0, "dsn"),
  sink(/^(psycopg2?|asyncpg|pymysql|mysql\.connector|mysql)\.connect$/, 9, "host"),
  sink(/^sqlalchemy(\.ext\.asyncio)?\.create_(async_)?engine$/, 0, "url"),
  sink(/^pika\.(ConnectionParameters|URLParameters)$/, 0, "host"),
  sink(/^(kafka\.Kafka(Producer|Consumer)|aiokafka\.AIOKafka(Producer|Consumer))$/, 9, "bootstrap_servers"),
  sink(/^(elasticsearch\.(Async)?Elasticsearch|opensearchpy\.OpenSearch)$/, 0, "hosts"),
  sink(/^(minio\.Minio|influxdb_client\.InfluxDBClient|qdrant_client\.QdrantClient)$/, 0, "url"),
  sink(/^tritonclient\.(http|grpc)\.InferenceServerClient$/, 0, "url"),
  sink(/^torch\.hub\.(load_state_dict_from_url|download_url_to_file)$/, 0, "url"),
  sink(/^torch\.utils\.model_zoo\.load_url$/, 0, "url"),
  sink(/^torchvision\.datasets\.utils\.download_(url|and_extract_archive)$/, 0, "url"),
  sink(/^(wget\.download|gdown\.(download|cached_download))$/, 0, "url"),
  sink(/^(pandas|pd)\.read_(csv|json|parquet|excel|html|pickle|xml)$/, 0, null),
  sink(/^fsspec\.(open|filesystem)$|^smart_open\.open$/, 0, "urlpath"),
  sink(/^logging\.handlers\.(HTTPHandler|SysLogHandler|SMTPHandler|SocketHandler)$/, 0, "host"),
  sink(/^sentry_sdk\.init$/, 0, "dsn"),
  sink(/(^|\.)OTLP(Span|Metric|Log)Exporter$/, 0, "endpoint"),
  sink(/(^|\.)(set_tracking_uri|set_registry_uri)$/, 0, "uri"),
];

/** Keywords that name a destination in the constructors of clients, whatever the library. */
export const destinationKeywords = [
  "base_url",
  "endpoint_url",
  "api_base",
  "azure_endpoint",
  "webhook_url",
  "server_url",
  "tracking_uri",
  "proxies",
];

/** Calls that run a command line; URLs in it are destinations. */
export const shellSinks =
  /^(os\.(system|popen|execvp?|spawn\w+)|subprocess\.(run|call|check_call|check_output|Popen|getoutput)|asyncio\.create_subprocess_(shell|exec)|commands\.getoutput|pty\.spawn)$/;

/** Calls that fetch from a hub unless told a local path; `position` is the name or path. */
export const hubSinks: readonly (Sink & { readonly provider: string })[] = [
  { ...sink(/(^|\.)from_pretrained$/, 0, "pretrained_model_name_or_path"), provider: "huggingface" },
  {
    ...sink(
      /^huggingface_hub\.(hf_hub_download|snapshot_download|HfApi\(\)\.\w+|InferenceClient|HfFileSystem)$/,
      0,
      "repo_id",
    ),
    provider: "huggingface",
  },
  {
    ...sink(/^sentence_transformers\.(SentenceTransformer|CrossEncoder)$/, 0, "model_name_or_path"),
    provider: "huggingface",
  },
  { ...sink(/^transformers\.pipeline$/, 1, "model"), provider: "huggingface" },
  { ...sink(/^datasets\.load_dataset$/, 0, "path"), provider: "huggingface" },
  { ...sink(/^timm\.create_model$/, 0, "model_name"), provider: "huggingface" },
  { ...sink(/^torch\.hub\.load$/, 0, "repo_or_dir"), provider: "github" },
  { ...sink(/^torchvision\.models\.(\w+\.)*\w+$/, 9, null), provider: "torch-hub" },
  { ...sink(/^tensorflow_hub\.(load|KerasLayer|resolve)$/, 0, "handle"), provider: "tensorflow-hub" },
  { ...sink(/^nltk\.download$/, 0, "info_or_id"), provider: "nltk-data" },
  { ...sink(/^spacy\.cli\.download$/, 0, "model"), provider: "spacy-models" },
  { ...sink(/^kagglehub\.\w+_download$/, 0, "handle"), provider: "kaggle" },
  { ...sink(/^(whisper|clip|open_clip)\.load(_model)?$/, 0, "name"), provider: "openai" },
  { ...sink(/^modelscope\.(\w+\.)*(snapshot_download|pipeline)$/, 0, "model_id"), provider: "modelscope" },
];
