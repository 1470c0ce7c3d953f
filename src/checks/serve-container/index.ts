import type { Check } from "../check.ts";
import { containerSuffix } from "./container-suffix.ts";
import { flatTar } from "./flat-tar.ts";
import { nameEncoding } from "./name-encoding.ts";
import { plainTar } from "./plain-tar.ts";
import { storedDataDescriptor } from "./stored-data-descriptor.ts";
import { wideDataDescriptor } from "./wide-data-descriptor.ts";

export const serveContainerChecks: readonly Check[] = [
  storedDataDescriptor,
  wideDataDescriptor,
  nameEncoding,
  flatTar,
  plainTar,
  containerSuffix,
];
