import { ArchiverError } from "../errors.ts";

/** A picture as the bytes red, green, blue of each pixel, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Pixels of the largest picture that is decoded: 100 megapixels. */
const pixelLimit = 100_000_000;

/**
 * Decodes JPEG or PNG as PIL does: no turning by EXIF, no colour profile, transparency dropped. The only file that
 * imports sharp. Throws ArchiverError `sharp-missing`, or `unreadable` for what is no picture.
 */
export async function decodePicture(bytes: Uint8Array, name: string): Promise<Picture> {
  const { default: sharp } = await import("sharp").catch((cause: unknown) => {
    throw new ArchiverError("sharp-missing", `${name} is a picture, and no decoder is installed.`, { cause });
  });
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: pixelLimit, ignoreIcc: true, failOn: "truncated" })
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgb: info.channels === 1 ? tripled(data) : data };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiverError("unreadable", `${name} cannot be decoded: ${reason}`, {
      remedy: "Give a whole JPEG or PNG file.",
      cause,
    });
  }
}

function tripled(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (const [i, value] of grey.entries()) rgb.fill(value, i * 3, i * 3 + 3);
  return rgb;
}
