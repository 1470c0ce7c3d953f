import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unpackBzip2 } from "../../../src/model/scan/unpack/bzip2.ts";
import { unpackLz4 } from "../../../src/model/scan/unpack/lz4.ts";
import { unpackLzma } from "../../../src/model/scan/unpack/lzma.ts";
import { UnpackError } from "../../../src/model/scan/unpack/output.ts";
import { unpackXz } from "../../../src/model/scan/unpack/xz.ts";

/** What Python's bz2, lzma and lz4.frame made of `plain`; twice: as two streams behind each other. */
const packed = {
  bzip2:
    "QlpoOTFBWSZTWbQBXfcAAeN/////////////////////////////////////////////sAEYIOQAAAAJkwAAATCMJgAAAAAABMAE" +
    "wAAAAAAAAAAAAAAAAAAAAAkwAEwABMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABKVQ0J6Taamg0Mg0aaNDE0DQaNHqGmgyD" +
    "QyMgNB6gxGh6noJkaMgAMgDQBkAyAwgA0aAAMjQAAGjQwQZH8RD/MICV9gQRQxsjLUFLNUWdU0K6k01OqVWrNVXrFZa2ytVuuV1t" +
    "rzm3LgEFoCDEiIDdYbE4WOyWVxcnOzKgEHRVZ7RabVa3W2W23W92uFxd7lc1l0ut2eLu83i83q9vT3fL7fr++YDA4J9fsHhH+Awu" +
    "Gw+IxOKgcXjFgCEEAhjmEBBbCgIZB5hwEHcBDJQTMAhBoCCkBBQAhCKMnlIVWAhlVeWy65eAgzgIMoCC9UAg0scM1IiAAF47DLu8" +
    "PL1/3t8fX5/gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7ubxHvb6/w" +
    "MHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19jwCBAe/v8fP19i7kinChIWgCu+4=",
  xz:
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4A/XARNdADuZSXHqpqB1rkAFZIoI2inbxR0pWotXyOwiKbZM71A4evUclP9webkrwLaY" +
    "khTsFrXdxDrdLZEIn5kmOztjhcdEQMDG2jipdXATJxEwWHvJV+jCftS9gFk/6F8U3JxNiRBUoUOe6rsDXAKGJF+0BHCd0uRtEez2" +
    "QtsA+cmMwR+ym+ev/OQBCdx9qpLIaue4Z1PnLC9Gt+wOQZn5u4nkAwQo0eYWDw//fHHIsedkU/5oUzs1Vu9g9ZWA+PwSR1Ro1EUV" +
    "JfdcowOck/S3x/6qKwYQ+PTmys9N63Vn26qinL2fmYRHPh9C0RnvqvxDEN1i+Y3mvnSqWY/DraqRq0jS/f6UZKuPQeOllxmIvrKL" +
    "nhE5VjwAAAADU2W/yvcDkwABrwLYHwAAvVFFpbHEZ/sCAAAAAARZWg==",
  lzma:
    "XQAAgAD//////////wA7mUlx6qagda5ABWSKCNop28UdKVqLV8jsIim2TO9QOHr1HJT/cHm5K8C2mJIU7Ba13cQ63S2RCJ+ZJjs7" +
    "Y4XHREDAxto4qXVwEycRMFh7yVfown7UvYBZP+hfFNycTYkQVKFDnuq7A1wChiRftARwndLkbRHs9kLbAPnJjMEfspvnr/zkAQnc" +
    "faqSyGrnuGdT5ywvRrfsDkGZ+buJ5AMEKNHmFg8P/3xxyLHnZFP+aFM7NVbvYPWVgPj8EkdUaNRFFSX3XKMDnJP0t8f+qisGEPj0" +
    "5srPTet1Z9uqopy9n5mERz4fQtEZ76r8QxDdYvmN5r50qlmPw62qkatI0v3+lGSrj0HjpZcZiL6yi54RTxjTn//3/kAA",
  xzTwice:
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AHzAB1dADuZSXHqpqB1rkAFZIoI2inbxR0pWotXyOhhAYAAAAAAAPILvHYZa62KAAE5" +
    "9AMAAADL2yFPscRn+wIAAAAABFla/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4A3jARFdADuZSXHqpqB1rkAFZIoI2inbxR0pWotX" +
    "yMSdYN+lEoyjuyoyWO522MtxqjnQfKIpawXxn8RGiUbNNaIshZUBFl2SDTWJR63JBBto4FA/KBWdchNL96hoq1rE7BHLiJ/tmfKt" +
    "w+tZcgNJi/hYYpJroo6TcIayVvhHtmx1qHkoEJVMTevMEjco1pk/rcnL4ejJv0abkz8ij0t3cHQ5y08UG4j+eP9WIFZF9ZqVz8kM" +
    "h/cURRfY4BG1lARMUdtcbiqn1wKlTp48XiFWmfwnE6SJCGnxw/TULAI15YCjZmNgmPV4g7IgFzoufe3lRwIMDZxNpnMFCrHTlYK9" +
    "r4sZXEOoiN0sD7dA6MoNM3nJ8M436Vdj5AAAAAAb5hlthdreGQABrQLkGwAAcx95VbHEZ/sCAAAAAARZWg==",
  bzip2Twice:
    "QlpoOTFBWSZTWTnFCUwAAPmRgEAENuEMgCAAciAaABNVU9CG9TTFOlOFNKcKdqfFMU2pypypinamKYptTSmlNqYp4u5IpwoSBzih" +
    "KYBCWmg5MUFZJlNZ9aaT0gAA6X////////////////////////////////////////////+wARgkgAAAAAAAAAAAAAAAAAAAAABM" +
    "AmAAAAAAAAAAAAAAEwABMAEmAAmAAJgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAV6qmmU9Mj1T00R6IaaY0mmQ2hA0aHpMj" +
    "TI0ZGmmQ0ZGE9QeobUPUwTBNGgyMmTRoGCMTEYRgAjQwQ00wgAaNNGQNNBiNqYwACYRYhCBcTgQFzGIMqBo2oqRWJOKZ1UVcVizy" +
    "sr4zG45Yx6zkFpbQH0oARABPIAfXskvsGTymVYUDEUAGMpky2XzGZzTLm84zZ3PZ9Cz6BoadDomrRtbZpNK26bTtzfqNS4apx1bk" +
    "56zW6501+wdXbY7J3eHloACMAbMsAESQAbVrfgAhAG3RmwBuCEIQ0AC4A3JfdPaQ4AN2c3m9SvgAUgAZAD4UADph9PEAqn89Ab+B" +
    "goOEheBDcHhQ/D4nF40RE8fkRUXyYyN5Udy+ZH83nc/oTk7PT9BQ0VHSUtNT1FTVVdZW11fYWNlZ2lrbW9xc3V3eXt9f3uAl4OFh" +
    "4mLjY+Rk5WXmZudn6Gjpaepq62vsbO1t7m7vb/Bw8XHyf7l5ufo6err7O3u7/Dx8vP/+nr7e/wegICRMm/+DhYYu5IpwoSHrTSek",
  lz4:
    "BCJNGGhA2A8AAAAAAAAENAEAAP8Fd2VpZ2h0cyBhbmQgYmlhc2VzLCAUAP//+//0AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka" +
    "GxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2Rl" +
    "ZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+w" +
    "sbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7" +
    "/P3+/wAAAAMA//////////////+oUAAAAAAAAAAAAA==",
} as const;

const plain = Buffer.concat([
  Buffer.from("weights and biases, ".repeat(40)),
  Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
  Buffer.alloc(3000),
]);

type Unpack = (bytes: Uint8Array, limit: number) => Uint8Array;
const cases: readonly (readonly [keyof typeof packed, Unpack])[] = [
  ["bzip2", unpackBzip2],
  ["bzip2Twice", unpackBzip2],
  ["xz", unpackXz],
  ["xzTwice", unpackXz],
  ["lzma", unpackLzma],
  ["lz4", unpackLz4],
];

describe.each(cases)("%s", (name, unpack) => {
  const bytes = Buffer.from(packed[name], "base64");
  test("gives what was packed", () => {
    expect(Buffer.from(unpack(bytes, 1 << 20)).equals(plain)).toBe(true);
  });
  test("stops at the limit", () => {
    expect(() => unpack(bytes, 1000)).toThrow(UnpackError);
  });
  test("any damage either shows or gives at most the limit", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(bytes.length), (at, flip, cut) => {
        const broken = Buffer.from(bytes.subarray(0, cut));
        if (at < broken.length) broken[at] = (broken[at] ?? 0) ^ flip;
        try {
          expect(unpack(broken, 1 << 16).length).toBeLessThanOrEqual(1 << 16);
        } catch (error) {
          expect(error instanceof UnpackError || error instanceof RangeError).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
