/** What is known of one name, or of a family of names. */
export interface Rule {
  readonly level: "safe" | "framework";
  readonly use: "call" | "new" | "hold";
  /** Its arguments are checked by the rule of this name (see arguments.ts). */
  readonly check?: ArgumentRule;
}

export type ArgumentRule =
  | "latin1"
  | "default-factory"
  | "rebuild-from-type"
  | "reconstructor"
  | "new-object"
  | "partial"
  | "ufunc"
  | "plain"
  | "enumeration"
  | "nested-torch"
  | "sized";

const data: Rule = { level: "safe", use: "call" };
const library: Rule = { level: "framework", use: "call" };
const held: Rule = { level: "framework", use: "hold" };
const checked = (check: ArgumentRule, level: Rule["level"] = "framework"): Rule => ({ level, use: "call", check });

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Names by module. */
const exact = new Map<string, Rule>();
function list(module: string, names: string, rule: Rule): void {
  for (const name of words(names)) exact.set(`${module}.${name}`, rule);
}

list("builtins", "set frozenset complex object int float str list dict tuple bool range slice", data);
list("builtins", "unicode long xrange Ellipsis NotImplemented NoneType ellipsis", data);
list("builtins", "bytes bytearray", checked("sized", "safe"));
list("collections", "OrderedDict Counter deque", data);
list("collections", "ChainMap UserDict UserList UserString", library);
list("collections", "defaultdict", checked("default-factory", "safe"));
list("_codecs", "encode", checked("latin1", "safe"));
list("torch._tensor", "_rebuild_from_type _rebuild_from_type_v2", checked("rebuild-from-type", "safe"));
list("torch.storage", "_load_from_bytes", checked("nested-torch"));
list("copyreg", "_reconstructor", checked("reconstructor"));
list("copyreg", "__newobj__ __newobj_ex__", checked("new-object"));
list("functools", "partial", checked("partial"));
list("re", "_compile", checked("plain"));
list("logging", "getLogger", checked("plain"));
list("datetime", "datetime date time timedelta timezone tzinfo", library);
list("decimal", "Decimal", library);
list("fractions", "Fraction", library);
list("uuid", "UUID SafeUUID", library);
list("argparse", "Namespace", library);
list("types", "SimpleNamespace", library);
list("random", "Random", library);
list("array", "array _array_reconstructor", library);
list("numpy", "ndarray dtype matrix recarray record", data);
list("numpy.core._internal", "_reconstruct", data);
list("numpy.core", "_ufunc_reconstruct", checked("ufunc"));
list("numpy._core", "_ufunc_reconstruct", checked("ufunc"));
list("numpy.ma.core", "_mareconstruct MaskedArray MaskedConstant", library);
list("numpy.ma", "MaskedArray", library);
list("numpy.random._pickle", "__randomstate_ctor __generator_ctor __bit_generator_ctor", library);
list("numpy.random.bit_generator", "SeedSequence BitGenerator __pyx_unpickle_SeedSequence", library);
list("numpy.random.mtrand", "RandomState", library);
list("numpy.random", "__RandomState_ctor", library);
list("numpy.random._generator", "Generator", library);
list("pytz", "_UTC _p UTC", library);
list("dateutil.tz.tz", "tzutc tzlocal tzoffset", library);
list("torch.nn.backends.thnn", "_get_thnn_function_backend", library);
list("torch", "ScriptObject Generator memory_format layout qscheme dtype finfo iinfo", library);
list("torch", "strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc contiguous_format channels_last", held);

const ufuncs = `abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_not bitwise_or
  bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees divide divmod equal exp exp2 expm1 fabs
  float_power floor floor_divide fmax fmin fmod gcd greater greater_equal heaviside hypot invert isfinite isinf isnan
  lcm left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or
  logical_xor matmul maximum minimum mod multiply negative nextafter not_equal positive power rad2deg radians
  reciprocal remainder right_shift rint sign signbit sin sinh spacing sqrt square subtract tan tanh true_divide trunc`;
const reductions = `mean median sum prod std var min max amin amax nanmean nanmedian nanmin nanmax nansum argmax argmin
  clip ravel squeeze asarray array where average percentile quantile round unique zeros ones`;
const scalars = `bool_ bool int_ intc intp int8 int16 int32 int64 uint8 uint16 uint32 uint64 uintp uintc longlong
  ulonglong float16 float32 float64 float_ longdouble complex64 complex128 str_ bytes_ void object_ datetime64
  timedelta64 half single double generic number integer floating`;
list("numpy", scalars, data);
for (const module of ["numpy", "numpy._core._multiarray_umath", "numpy.core._multiarray_umath", "numpy.core.umath"]) {
  list(module, ufuncs, held);
}
list("numpy", reductions, held);
for (const core of ["numpy.core", "numpy._core"]) {
  list(`${core}.multiarray`, "_reconstruct scalar", data);
  list(`${core}.numeric`, "_frombuffer", data);
  list(`${core}.records`, "recarray record", data);
}

/** The ufuncs that `_ufunc_reconstruct` may look up. */
export const ufuncNames: ReadonlySet<string> = new Set(words(ufuncs));

interface Pattern {
  readonly module: RegExp;
  readonly name: RegExp;
  readonly rule: Rule;
}

const anyClass = /^_?[A-Z][A-Za-z0-9_]*$/;
const pattern = (module: RegExp, name: RegExp, rule: Rule): Pattern => ({ module, name, rule });

/** Families of names: the classes that whole models, estimators and their settings are made of. */
const patterns: readonly Pattern[] = [
  pattern(/^builtins$/, /^[A-Z][A-Za-z]*(?:Error|Exception|Warning)$/, library),
  pattern(/^pathlib(?:\._local)?$/, /^(?:Pure)?(?:Posix|Windows)?Path$|^PurePath$/, library),
  pattern(/^ipaddress$/, /^IPv[46](?:Address|Network|Interface)$/, library),
  pattern(/^math$/, /^[a-z][a-z0-9]*$/, held),
  pattern(/^typing$/, /^[A-Z][A-Za-z]*$/, held),
  pattern(/^numpy\.dtypes$/, /^[A-Z][A-Za-z0-9]*DType$/, data),
  pattern(/^numpy\.rec$|^numpy\.matrixlib\.defmatrix$/, /^(?:recarray|record|matrix)$/, data),
  pattern(/^numpy\.random\._(?:mt19937|pcg64|philox|sfc64)$/, /^(?:MT19937|PCG64|PCG64DXSM|Philox|SFC64)$/, library),
  pattern(/^torch\.nn(?:\.modules(?:\.\w+)*)?$/, anyClass, library),
  pattern(/^torch\.nn\.(?:parameter|parallel\.\w+|utils\.\w+|utils\.parametrizations?)$/, anyClass, library),
  pattern(/^torch\.(?:ao\.)?nn\.(?:quantized|intrinsic|qat|quantizable|sparse)(?:\.\w+)*$/, anyClass, library),
  pattern(/^torch\.(?:ao\.)?quantization\.(?:observer|fake_quantize|qconfig|stubs)$/, anyClass, library),
  pattern(/^torch\.nn\.functional$|^torch\._C\._nn$/, /^[a-z][a-z0-9_]*$/, held),
  pattern(/^torch$/, /^(?:relu|tanh|sigmoid|selu|celu|softmax|exp|log|abs|sqrt|mean|sum|max|min)$/, held),
  pattern(/^torch\.optim(?:\.\w+)*$/, anyClass, library),
  pattern(/^torch\.(?:utils\.data\.(?:dataset|sampler|dataloader)|distributions\.\w+)$/, anyClass, library),
  pattern(/^torch\._utils$/, /^_rebuild_[a-z0-9_]+$/, library),
  pattern(/^torch\.distributed\.(?:_?tensor|_shard|device_mesh|checkpoint\.metadata)(?:\.\w+)*$/, anyClass, library),
  pattern(/^torch\.(?:cuda\.)?amp\.grad_scaler$/, anyClass, library),
  pattern(/^torchvision\.(?:models|ops|transforms|tv_tensors)(?:\.\w+)*$/, anyClass, library),
  pattern(
    /^torchvision\.(?:ops|transforms\.functional|transforms\.v2\.functional)(?:\.\w+)*$/,
    /^[a-z][a-z0-9_]*$/,
    held,
  ),
  pattern(/^torchaudio\.(?:models|transforms|pipelines)(?:\.\w+)*$/, anyClass, library),
  pattern(
    /^sklearn\.externals\.joblib\.numpy_pickle$|^joblib\.numpy_pickle$/,
    /^Z?(?:NDArray|NumpyArray)Wrapper$/,
    library,
  ),
  pattern(/^sklearn(?:\.(?!externals|datasets|callback)\w+)+$/, anyClass, library),
  pattern(/^sklearn(?:\.\w+)+$/, /^__pyx_unpickle_\w+$|^newObj$/, library),
  pattern(/^sklearn\.(?!externals|datasets|utils|experimental|callback)\w+(?:\.\w+)*$/, /^_?[a-z][a-z0-9_]*$/, held),
  pattern(/^scipy\._lib\.array_api_compat\.numpy\._aliases$/, /^[a-z][a-z0-9_]*$/, held),
  pattern(/^scipy\.sparse(?:\.\w+)*$/, /^(?:bsr|coo|csc|csr|dia|dok|lil)_(?:matrix|array)$/, library),
  pattern(/^scipy\.(?:spatial|interpolate)\.\w+$/, /^c?[A-Z][A-Za-z0-9]*$|^interp1d$/, library),
  pattern(/^scipy\.special\._ufuncs$/, /^[a-z][a-z0-9_]*$/, held),
  pattern(/^pandas\.core\.(?:frame|series|generic|internals|indexes|arrays|dtypes)(?:\.\w+)*$/, anyClass, library),
  pattern(/^pandas(?:\.arrays)?$/, /^(?!HDFStore|Excel)[A-Z][A-Za-z0-9]*$/, library),
  pattern(/^pandas\.core\.indexes\.\w+$/, /^_new_(?:Index|DatetimeIndex|PeriodIndex)$/, library),
  pattern(/^pandas\.core\.internals\.\w+$/, /^new_block$|^make_block$/, library),
  pattern(/^pandas\._libs(?:\.\w+)+$/, /^_?[A-Z][A-Za-z0-9]*$|^__?(?:pyx_unpickle|unpickle|nat_unpickle)\w*$/, library),
  pattern(
    /^transformers\.(?:trainer_utils|training_args|debug_utils|optimization|utils\.generic|tokenization_utils_base)$|^accelerate\.(?:state|utils\.dataclasses)$|^peft\.utils\.peft_types$|^timm\.layers\.\w+$|^(?:pytorch_)?lightning(?:\.\w+)*\.(?:enums|types|states)$/,
    anyClass,
    checked("enumeration"),
  ),
  pattern(/^tokenizers(?:\.\w+)?$/, /^(?:AddedToken|Tokenizer)$/, checked("plain")),
];

/** What is known of exactly this name, or null. */
export function exactRule(module: string, name: string): Rule | null {
  return exact.get(`${module}.${name}`) ?? null;
}

/** What is known of names like this one, or null. */
export function familyRule(module: string, name: string): Rule | null {
  return patterns.find((one) => one.module.test(module) && one.name.test(name))?.rule ?? null;
}
