import type { HeaderWindow } from "./header-window.ts";
import type { ZipEntry } from "./zip-central.ts";
import { sentinel32, signature, uint64, view } from "./zip-format.ts";

interface Descriptor {
  readonly length: number;
  readonly wide: boolean;
  readonly crc32: number;
  readonly packedSize: number;
  readonly size: number;
}

/**
 * The data descriptor (4.3.9) behind an entry's data: with or without signature, sizes of 4 or 8 bytes. Nothing in it
 * says which of the four it is; what follows it does, or else what it says of the data.
 */
export async function readDescriptor(
  window: HeaderWindow,
  at: number,
  next: number,
  entry: ZipEntry,
  report: (rule: string, message: string) => void,
): Promise<{ readonly length: number; readonly agrees: boolean }> {
  const bytes = await window.read(at, 24);
  const forms = descriptors(bytes);
  const fits = (form: Descriptor): boolean => form.length === next - at;
  const agrees = (form: Descriptor): boolean =>
    form.crc32 === entry.crc32 && form.packedSize === entry.packedSize && form.size === entry.size;
  const found =
    forms.find((form) => fits(form) && agrees(form)) ?? forms.find(agrees) ?? forms.find(fits) ?? forms.at(0);
  if (found === undefined) {
    report("archive/data-descriptor", "The data descriptor that the flags announce is missing.");
    return { length: 0, agrees: false };
  }
  if (!agrees(found)) {
    report("archive/data-descriptor", "The data descriptor contradicts the directory about CRC-32 or sizes.");
  }
  const large = entry.size >= sentinel32 || entry.packedSize >= sentinel32;
  if (entry.method === "stored") {
    report("serve/stored-data-descriptor", "The entry is stored with its size behind the data.");
  } else if (found.wide && !large) {
    report("serve/wide-data-descriptor", "The sizes behind the data have 8 bytes, those of an entry over 4 GiB.");
  } else if (!found.wide && large) {
    report("archive/data-descriptor", "The sizes behind the data have 4 bytes, too few for this entry.");
  }
  return { length: found.length, agrees: agrees(found) };
}

function descriptors(bytes: Uint8Array): readonly Descriptor[] {
  const data = view(bytes);
  const signed = bytes.length >= 4 && data.getUint32(0, true) === signature.descriptor;
  const starts = signed ? [4, 0] : [0];
  return starts.flatMap((start) => {
    const forms: Descriptor[] = [];
    if (bytes.length >= start + 12) {
      const packedSize = data.getUint32(start + 4, true);
      const size = data.getUint32(start + 8, true);
      forms.push({ length: start + 12, wide: false, crc32: data.getUint32(start, true), packedSize, size });
    }
    if (bytes.length >= start + 20) {
      const packedSize = uint64(data, start + 4);
      const size = uint64(data, start + 12);
      forms.push({ length: start + 20, wide: true, crc32: data.getUint32(start, true), packedSize, size });
    }
    return forms;
  });
}
