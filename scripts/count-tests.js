// Adds up vitest's JSON reports and prints `N passed, N failed`; fails when nothing ran.
import { existsSync, readFileSync } from "node:fs";

const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) {
    total.failed += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(file, "utf8"));
  total.passed += report.numPassedTests;
  total.failed +=
    report.numFailedTests +
    report.testResults.filter((f) => f.status === "failed" && f.assertionResults.length === 0).length;
  total.skipped += report.numPendingTests;
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ""}`);
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
