import type { Check } from "../check.ts";
import { absolutePath } from "./absolute-path.ts";
import { bomb } from "./bomb.ts";
import { centralDirectory } from "./central-directory.ts";
import { corruptData } from "./corrupt-data.ts";
import { crcMismatch } from "./crc-mismatch.ts";
import { dataDescriptor } from "./data-descriptor.ts";
import { digestMismatch } from "./digest-mismatch.ts";
import { duplicateName } from "./duplicate-name.ts";
import { encrypted } from "./encrypted.ts";
import { endRecord } from "./end-record.ts";
import { extraField } from "./extra-field.ts";
import { fileAndFolder } from "./file-and-folder.ts";
import { flagsDiffer } from "./flags-differ.ts";
import { gap } from "./gap.ts";
import { gzip } from "./gzip.ts";
import { hiddenEntry } from "./hidden-entry.ts";
import { leadingBytes } from "./leading-bytes.ts";
import { limits } from "./limits.ts";
import { link } from "./link.ts";
import { manyEntries } from "./many-entries.ts";
import { multiDisk } from "./multi-disk.ts";
import { nameCollision } from "./name-collision.ts";
import { nameEncoding } from "./name-encoding.ts";
import { nameLength } from "./name-length.ts";
import { nameUnmarked } from "./name-unmarked.ts";
import { nesting } from "./nesting.ts";
import { noEndMarker } from "./no-end-marker.ts";
import { notAnArchive } from "./not-an-archive.ts";
import { overlap } from "./overlap.ts";
import { packingMethod } from "./packing-method.ts";
import { pathTraversal } from "./path-traversal.ts";
import { pax } from "./pax.ts";
import { privilegedMode } from "./privileged-mode.ts";
import { secondEndRecord } from "./second-end-record.ts";
import { secondName } from "./second-name.ts";
import { sizeMismatch } from "./size-mismatch.ts";
import { specialFile } from "./special-file.ts";
import { tarHeader } from "./tar-header.ts";
import { tarKind } from "./tar-kind.ts";
import { trailingBytes } from "./trailing-bytes.ts";
import { truncated } from "./truncated.ts";
import { twoViews } from "./two-views.ts";
import { unsafeName } from "./unsafe-name.ts";
import { zip64 } from "./zip64.ts";

export const archiveChecks: readonly Check[] = [
  notAnArchive,
  truncated,
  endRecord,
  secondEndRecord,
  multiDisk,
  centralDirectory,
  zip64,
  trailingBytes,
  leadingBytes,
  gap,
  overlap,
  twoViews,
  hiddenEntry,
  flagsDiffer,
  dataDescriptor,
  extraField,
  secondName,
  encrypted,
  packingMethod,
  duplicateName,
  nameCollision,
  fileAndFolder,
  pathTraversal,
  absolutePath,
  unsafeName,
  nameLength,
  nameEncoding,
  nameUnmarked,
  link,
  specialFile,
  privilegedMode,
  tarHeader,
  tarKind,
  pax,
  gzip,
  noEndMarker,
  limits,
  bomb,
  nesting,
  sizeMismatch,
  corruptData,
  crcMismatch,
  manyEntries,
  digestMismatch,
];
