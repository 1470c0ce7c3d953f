// CHANGELOG.md drives the version: its topmost heading is the version of the package.
//   node scripts/version.js                   fails when package.json or package-lock.json say something else
//   node scripts/version.js --write           writes the heading's version into both
//   node scripts/version.js --release v1.2.3  the tag, too; and the heading must have the day of the release
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const heading = /^## (\S+) \(([^)]*)\)$/m;
const semver = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

/**
 * The version and the date, or the word, of the topmost heading: `## 1.2.3 (2027-01-31)`, `## 1.3.0 (unreleased)`.
 * @param {string} changelog
 */
function headingOf(changelog) {
  const [, version = "", date = ""] = heading.exec(changelog) ?? [];
  return { version, date };
}

/**
 * What keeps a release, or its tag, from being what the changelog says; empty: nothing.
 * @param {{changelog: string, manifest: string, lock: string, tag?: string | undefined}} files texts of the files
 * @returns {string[]}
 */
export function versionProblems({ changelog, manifest, lock, tag }) {
  const { version, date } = headingOf(changelog);
  if (!semver.test(version)) return ['CHANGELOG.md has no heading such as "## 1.2.3 (unreleased)"'];
  const locked = JSON.parse(lock);
  const said = [
    ["package.json", JSON.parse(manifest).version],
    ["package-lock.json", locked.version],
    ['package-lock.json, packages[""]', locked.packages?.[""]?.version],
    ...(tag === undefined ? [] : [["the tag", tag.replace(/^v/, "")]]),
  ];
  const problems = said
    .filter(([, other]) => other !== version)
    .map(([name, other]) => `${name} says ${other}, CHANGELOG.md ${version}`);
  if (tag !== undefined && !/^\d{4}-\d\d-\d\d$/.test(date)) {
    problems.push(`CHANGELOG.md says "${version} (${date})": a release has its day there`);
  }
  return problems;
}

/**
 * The text of package.json or package-lock.json with this version.
 * @param {string} text
 * @param {string} version
 */
export function withVersion(text, version) {
  const value = JSON.parse(text);
  value.version = version;
  if (value.packages?.[""]) value.packages[""].version = version;
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** @param {readonly string[]} args */
function run([flag, tag]) {
  const read = (/** @type {string} */ name) => readFileSync(name, "utf8");
  const changelog = read("CHANGELOG.md");
  if (flag === "--write") {
    const { version } = headingOf(changelog);
    if (semver.test(version)) {
      for (const name of ["package.json", "package-lock.json"]) writeFileSync(name, withVersion(read(name), version));
    }
  }
  const release = flag === "--release" ? (tag ?? "") : undefined;
  const files = { changelog, manifest: read("package.json"), lock: read("package-lock.json"), tag: release };
  const problems = versionProblems(files);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(headingOf(changelog).version);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) run(process.argv.slice(2));
