import type { DType } from "../../graph/dtype.ts";

/** What a pickle of a torch file builds: numbers, containers, tensors and objects by the names of their classes. */
export type Pickled =
  | null
  | boolean
  | bigint
  | number
  | string
  | PickledList
  | PickledTuple
  | PickledDict
  | PickledObject
  | PickledGlobal
  | PickledStorage
  | PickledTensor
  | PickledDevice;

export class PickledList {
  readonly items: Pickled[] = [];
}

export class PickledTuple {
  readonly items: readonly Pickled[];

  constructor(items: readonly Pickled[]) {
    this.items = items;
  }
}

export class PickledDict {
  readonly entries: [Pickled, Pickled][] = [];
}

/** An instance: its class's qualified name, the arguments it was made with, and the state it was given. */
export class PickledObject {
  readonly type: string;
  readonly arguments: readonly Pickled[];
  state: Pickled = null;
  hasState = false;

  constructor(type: string, args: readonly Pickled[]) {
    this.type = type;
    this.arguments = args;
  }
}

export class PickledGlobal {
  /** `module.name` */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export class PickledStorage {
  /** Null: untyped; the tensor says. */
  readonly dtype: DType | null;
  readonly key: string;
  readonly device: string;
  /** Elements. */
  readonly count: number;

  constructor(dtype: DType | null, key: string, device: string, count: number) {
    this.dtype = dtype;
    this.key = key;
    this.device = device;
    this.count = count;
  }
}

export class PickledTensor {
  readonly storage: PickledStorage;
  readonly dtype: DType;
  /** Elements from the storage's start. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
  /** Set for integers that stand for floats: what `_rebuild_qtensor` got for the grid. */
  readonly quantizer: PickledTuple | null;

  constructor(
    storage: PickledStorage,
    dtype: DType,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
    quantizer: PickledTuple | null = null,
  ) {
    this.quantizer = quantizer;
    this.storage = storage;
    this.dtype = dtype;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

export class PickledDevice {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
