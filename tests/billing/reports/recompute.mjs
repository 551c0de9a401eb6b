// What the page's modules compute, for the tests that hold it against the verifier: a JSON value a line in and out.
import { createInterface } from "node:readline";
import { canonical, RefusedError } from "../../../static/src/report/canonical.ts";
import { reading } from "../../../static/src/report/checks.ts";
import { comparisonsOf, figuresOf } from "../../../static/src/report/recompute/figures.ts";
import { recomputed } from "../../../static/src/report/recompute/outcome.ts";

function outcome(document) {
  try {
    return canonical(recomputed(document));
  } catch (error) {
    return `${error instanceof RefusedError ? "refused" : "unknown"}: ${error.message}`;
  }
}

function verdicts(text) {
  const report = reading(new TextEncoder().encode(text));
  return report.statement.comparisons?.length ? [figuresOf(report), comparisonsOf(report)] : [figuresOf(report)];
}

for await (const line of createInterface({ input: process.stdin })) {
  const { document, report } = JSON.parse(line);
  console.log(JSON.stringify(document === undefined ? verdicts(report) : outcome(document)));
}
