// What the page's modules compute and check, for the tests that hold it against the verifier: a line of JSON in and out.
import { createInterface } from "node:readline";
import { canonical, RefusedError } from "../../../static/src/report/canonical.ts";
import { checksOf, made, reading } from "../../../static/src/report/checks.ts";
import { comparisonsOf, figuresOf } from "../../../static/src/report/recompute/figures.ts";
import { recomputed } from "../../../static/src/report/recompute/outcome.ts";

const nothing = { read: () => null, keep: () => undefined };

function outcome(document) {
  try {
    return canonical(recomputed(document));
  } catch (error) {
    return `${error instanceof RefusedError ? "refused" : "unknown"}: ${error.message}`;
  }
}

function read(text) {
  return reading(new TextEncoder().encode(text));
}

function verdicts(text) {
  const report = read(text);
  return report.statement.comparisons?.length ? [figuresOf(report), comparisonsOf(report)] : [figuresOf(report)];
}

async function checks(text) {
  let report;
  try {
    report = read(text);
  } catch (error) {
    return [["fails", "The report can be read in one way only", error.message]];
  }
  const told = [];
  for (const check of checksOf(report, nothing, null)) {
    const { state, found } = await made(check);
    told.push([state, check.claim, found]);
  }
  return told;
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if ("document" in asked) console.log(JSON.stringify(outcome(asked.document)));
  else if ("report" in asked) console.log(JSON.stringify(verdicts(asked.report)));
  else console.log(JSON.stringify(await checks(asked.checks)));
}
