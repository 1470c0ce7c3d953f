/** Packages whose modules have other names than they (normalised by PEP 503). */
const modules: Readonly<Record<string, readonly string[]>> = {
  pillow: ["PIL"],
  "pillow-simd": ["PIL"],
  pyyaml: ["yaml"],
  "opencv-python": ["cv2"],
  "opencv-python-headless": ["cv2"],
  "opencv-contrib-python": ["cv2"],
  "scikit-learn": ["sklearn"],
  "scikit-image": ["skimage"],
  "onnxruntime-gpu": ["onnxruntime"],
  "onnxruntime-openvino": ["onnxruntime"],
  beautifulsoup4: ["bs4"],
  "python-dateutil": ["dateutil"],
  "python-dotenv": ["dotenv"],
  "python-multipart": ["multipart"],
  protobuf: ["google"],
  "google-cloud-storage": ["google"],
  grpcio: ["grpc"],
  "nvidia-ml-py": ["pynvml"],
  pyjwt: ["jwt"],
  "msgpack-python": ["msgpack"],
  attrs: ["attr", "attrs"],
  setuptools: ["setuptools", "pkg_resources"],
  "pytorch-lightning": ["pytorch_lightning", "lightning"],
  "tensorflow-cpu": ["tensorflow"],
  "faiss-cpu": ["faiss"],
  "faiss-gpu": ["faiss"],
  pymupdf: ["fitz", "pymupdf"],
  "python-magic": ["magic"],
  "antlr4-python3-runtime": ["antlr4"],
};

/** A distribution's name as PEP 503 compares it. */
function normalName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

/** Whether installing this distribution is known, or likely by its name, to bring this top-level module. */
export function bringsModule(distribution: string, module: string): boolean {
  const name = normalName(distribution);
  return modules[name]?.includes(module) ?? normalName(module) === name.replace(/^python-|-python$/, "");
}
