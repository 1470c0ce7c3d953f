import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { memorySource } from "../../src/archive/byte-source.ts";
import { type Op, PickleReader } from "../../src/model/pickle/reader.ts";
import { newBudget, scanStream } from "../../src/model/pickle/scan-stream.ts";
import { askPython, lacksPython } from "./python.ts";

const missing = lacksPython("pickletools");
const folder = mkdtempSync(join(tmpdir(), "pickletools-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Python writes values of every kind in every protocol, and says what pickletools sees in each file. */
const program = `
import collections, datetime, decimal, enum, fractions, json, os, pathlib, pickle, pickletools, random, string, sys, uuid
folder = sys.argv[1]
random.seed(7)
def value(depth=0):
    kind = random.randrange(13 if depth < 4 else 9)
    text = lambda: ''.join(random.choice(string.printable + 'é\\u4e2d\\U0001f600\\\\\\n') for _ in range(random.randrange(40)))
    return [lambda: None, lambda: random.random() * 10 ** random.randrange(-9, 9), lambda: random.randrange(-300, 70000),
        lambda: random.getrandbits(random.randrange(1, 200)) * random.choice([1, -1]), text, lambda: os.urandom(random.randrange(300)),
        lambda: random.choice([True, False, Ellipsis]), lambda: bytearray(os.urandom(9)), lambda: complex(1, random.random()),
        lambda: [value(depth + 1) for _ in range(random.randrange(6))], lambda: tuple(value(depth + 1) for _ in range(random.randrange(5))),
        lambda: {text(): value(depth + 1) for _ in range(random.randrange(5))}, lambda: {text() for _ in range(3)}][kind]()
values = [value() for _ in range(60)] + ['x' * 300, b'y' * 70000, 'z' * 70000, list(range(3000)), {str(n): n for n in range(2000)},
    datetime.datetime(2020, 1, 2), decimal.Decimal('1.50'), pathlib.PurePosixPath('a/b'), uuid.UUID(int=5), collections.OrderedDict(a=1),
    collections.Counter('aab'), collections.deque([1, 2]), frozenset([1]), fractions.Fraction(1, 3), float('nan'), float('inf'), '']
out = {}
for number, one in enumerate(values):
    for protocol in range(6):
        name = '%d-%d.pkl' % (number, protocol)
        data = pickle.dumps(one, protocol=protocol)
        open(os.path.join(folder, name), 'wb').write(data)
        out[name] = [[op.name, pos, str(arg) if isinstance(arg, int) else None] for op, arg, pos in pickletools.genops(data)]
print(json.dumps(out))
`;

type Listing = Readonly<Record<string, readonly (readonly [string, number, string | null])[]>>;

async function listing(bytes: Uint8Array): Promise<(readonly [string, number, string | null])[]> {
  const reader = new PickleReader(memorySource(bytes));
  const ops: Op[] = [];
  while (!reader.done) ops.push(...(await reader.batch()));
  return ops.map(
    ({ name, at, argument }) => [name, at, argument.kind === "int" ? String(argument.value) : null] as const,
  );
}

describe.skipIf(missing !== null)(missing ?? "Python's pickletools", () => {
  test("sees the same opcodes at the same places, and we call none of its pickles broken", async () => {
    const theirs = askPython(program, [folder]) as Listing;
    expect(readdirSync(folder).length).toBeGreaterThan(400);
    const context = { persistent: "none", torchscript: false, allowed: new Set<string>() } as const;
    for (const [name, expected] of Object.entries(theirs)) {
      const bytes = readFileSync(join(folder, name));
      const ours = await listing(bytes);
      // Booleans of protocol 0 are integers to pickletools.
      const known = expected.map(([op, at, arg], index) => [op, at, ours[index]?.[2] === null ? null : arg]);
      expect([name, ours]).toEqual([name, known]);
      const { judge, complete } = await scanStream(memorySource(bytes), 0, context, newBudget());
      expect([name, complete, judge.findings.filter(({ rule }) => rule === "dangerous")]).toEqual([name, true, []]);
    }
  });
});
