/** The figures of a statement held against what comes out when they are computed again from the documents in the report. */
import { gettext } from "../../common/gettext.ts";
import { canonical, RefusedError, UnknownError, type Json } from "../canonical.ts";
import type { Report } from "../shapes.ts";
import { agreementOf, documentOf, documentsOf, namesOf, periodOf, rateDocument, relied } from "./basis.ts";
import { sidesOf, termsOf, type Documents } from "./basis.ts";
import { Zone } from "./clock.ts";
import {
  DIGITS,
  list,
  member,
  minor,
  object,
  objectOf,
  optional,
  text,
  textOf,
  unlike,
  word,
  type Document,
} from "./forms.ts";
import { ENGINE, recomputed, type Tell } from "./outcome.ts";

/** Where a document says something else than what was computed; what it says is null where it says nothing. */
export interface Difference {
  place: string;
  stated: string | null;
  computed: string;
}

/** A figure as people see it: an outcome in percent, an amount in minor units; null where there is none. */
export interface Shown {
  percent: string | null;
  minor: number | null;
}

/** A figure of the statement: what it is and of what, as it is stated and as it was computed (null: unknown). */
export interface Figure {
  what: "fee" | "clause" | "total" | "compared";
  of: string;
  stated: Shown;
  computed: Shown | null;
}

/**
 * What became of the computation: whether all figures agree, why not, or why that is not known. Amounts are in minor
 * units of the currency, which has so many digits.
 */
export interface Verdict {
  state: "holds" | "fails" | "unknown";
  reason: string;
  differences: Difference[];
  figures: Figure[];
  currency: string;
  digits: number;
  total: number;
  segments: number;
  corrections: number;
  claims: number;
  left: number | null;
  standing: number | null;
  adjusted: number | null;
}

const NOTHING: Verdict = {
  state: "unknown",
  reason: "",
  differences: [],
  figures: [],
  currency: "",
  digits: 0,
  total: 0,
  segments: 0,
  corrections: 0,
  claims: 0,
  left: null,
  standing: null,
  adjusted: null,
};
const SHOWN = ["currency", "fee_minor", "total_minor", "clauses"];

/** The outcome of a statement computed again, and held against its run and against the statement line by line. */
export function figuresOf(report: Report, tell?: Tell): Verdict {
  return concluded(report, statedOf, () => settled(report, tell));
}

/** What the statement is compared with, computed again by the same contract on evidence that is assumed. */
export function comparisonsOf(report: Report, tell?: Tell): Verdict {
  return concluded(report, comparedOf, () => compared(report, tell));
}

/** Whatever cannot be read in a document makes all of it unknown; no figure is passed over. */
function concluded(report: Report, stated: (statement: Json) => Figure[], compute: () => Verdict): Verdict {
  try {
    return compute();
  } catch (error) {
    const shown = { ...NOTHING, ...moneyOf(report.statement), figures: stated(report.statement) };
    if (error instanceof RefusedError) return { ...shown, state: "fails", reason: error.message };
    const reason = error instanceof UnknownError ? error.message : unlike(String(error)).message;
    return { ...shown, reason };
  }
}

function settled(report: Report, tell?: Tell): Verdict {
  const statement = objectOf("statement", report.statement, "statement");
  const given = documentsOf(report.leaves);
  const run = runOf(statement, given);
  const outcome = outcomeOf(run, given, "outcome_run", tell);
  const lines = list(member(statement, "lines")).map((line) => object(line, "statement/lines"));
  const adjustments = adjustmentsOf(statement, lines);
  const adjusted = adjustments.reduce((some, line) => some + Number(minor(member(line, "minor"))), 0);
  const standing = standingOf(statement, lines, outcome);
  const kept = [...standing.values()].reduce((some, one) => some + one, 0);
  const expected = expectedOf({
    run,
    outcome,
    agreement: agreementOf(run, given),
    standing,
    kept,
    adjustments,
    adjusted,
  });
  const told: Document = {};
  for (const one of Object.keys(expected)) told[one] = member(statement, one);
  const wanted = list(expected.lines).map((line) => textOf(line as Document, "text"));
  told.lines = lines.map((line, at) => lineOf(line, textOf(line, "text").slice(0, (wanted[at] ?? "").length)));
  const differences = [...runDifferences(run, outcome, "outcome_run"), ...differencesOf(told, expected, "statement")];
  const year = optional(run, "year_cap");
  return {
    ...NOTHING,
    ...moneyOf(report.statement),
    state: differences.length ? "fails" : "holds",
    differences,
    figures: compareFigures(report.statement, outcome, expected.total_minor),
    total: Number(expected.total_minor),
    segments: relied(run, "evidence_segment", given).length,
    corrections: relied(run, "evidence_correction", given).length,
    claims: relied(run, "exclusion", given).length,
    left: year === null ? null : Number(minor(member(object(year, "year"), "remaining_minor"))),
    standing: standing.size ? kept : null,
    adjusted: adjustments.length ? adjusted : null,
  };
}

/** The one run that a statement was made of. */
function runOf(statement: Document, given: Documents): Document {
  const [name, ...others] = namesOf(statement, "outcome_run");
  const run = name === undefined ? null : documentOf(given, "outcome_run", name);
  if (run === null || others.length || member(run, "assumption") !== null)
    throw new RefusedError(gettext("the statement rests on several outcome runs, or on one of assumed evidence"));
  return run;
}

/** The contract and the period of a run, not what was known by then. */
function ratedBy(run: Document, zone: Zone): string {
  const contract = [member(run, "contract"), member(run, "version"), namesOf(run, "contract_version")];
  return canonical([...contract, sidesOf(periodOf(run), zone)]);
}

/** The lines that adjust earlier periods: each is the difference of two statements, which are both named. */
function adjustmentsOf(statement: Document, lines: Document[]): Document[] {
  const [found, named] = [
    lines.filter((line) => member(line, "kind") === "adjustment"),
    namesOf(statement, "statement"),
  ];
  for (const line of found) {
    const of = optional(line, "of");
    const [old, fresh] = of === null ? [] : ["from", "to"].map((side) => textOf(sideOf(of, side), "digest"));
    if (old === undefined || fresh === undefined || old === fresh || !named.includes(old) || !named.includes(fresh))
      throw new RefusedError(
        gettext("what adjusts {clause} is the difference of no two statements that are named", {
          clause: textOf(line, "clause"),
        }),
      );
  }
  return found;
}

function sideOf(of: Json, side: string): Document {
  return object(member(object(of, "statement/lines"), side), "statement/lines");
}

/** What a later version says stands of each clause that is indeterminate now: settled by a version that it names. */
function standingOf(statement: Document, lines: Document[], outcome: Document): Map<string, number> {
  const clauses = list(outcome.clauses) as Document[];
  const undecided = new Set(clauses.filter((one) => one.status !== "settled").map((one) => text(one.id)));
  const found = new Map<string, number>();
  for (const line of lines) {
    if (member(line, "kind") !== "clause" || !Object.hasOwn(line, "of")) continue;
    const clause = textOf(line, "clause");
    if (!undecided.has(clause)) continue;
    const settled = object(member(object(member(line, "of"), "statement/lines"), "settled"), "statement/lines");
    if (member(statement, "replaces") === null || !namesOf(statement, "statement").includes(textOf(settled, "digest")))
      throw new RefusedError(
        gettext("what stands of {clause} was settled by no earlier version that is named", { clause }),
      );
    found.set(clause, Number(minor(member(line, "minor"))));
  }
  return found;
}

/** The outcome of a run computed again. */
function outcomeOf(run: Document, given: Documents, place: string, tell?: Tell): Document {
  objectOf("run", run, place);
  objectOf("what a run relies on", member(run, "relies_on"), `${place}/relies_on`);
  word(optional(object(member(run, "outcome"), place), "engine"), `${place}/outcome/engine`, ENGINE);
  return recomputed(rateDocument(run, given), tell);
}

/** Where a run says something else than what was computed; the words of its trace are not compared. */
function runDifferences(run: Document, outcome: Document, place: string): Difference[] {
  const { trace: _, ...told } = object(member(run, "outcome"), place);
  return differencesOf(told, outcome, `${place}/outcome`);
}

function lineOf(line: Document, start: string): Document {
  return { kind: member(line, "kind"), clause: member(line, "clause"), minor: member(line, "minor"), text: start };
}

interface Settled {
  run: Document;
  outcome: Document;
  agreement: Document;
  standing: Map<string, number>;
  kept: number;
  adjustments: Document[];
  adjusted: number;
}

/** What the statement has to say. */
function expectedOf({ run, outcome, agreement, standing, kept, adjustments, adjusted }: Settled): Document {
  const clauses = list(outcome.clauses) as Document[];
  const rated = clauses
    .filter((one) => one.status === "settled" || standing.has(text(one.id)))
    .map((one): Document => {
      const clause = text(one.id);
      if (one.status !== "settled")
        return { kind: "clause", clause, minor: standing.get(clause) ?? null, text: `${clause}: indeterminate, ` };
      const start = `${clause} ${text(one.percent).slice(0, -4)} %:`;
      return { kind: "clause", clause, minor: member(one, "amount_minor"), text: start };
    });
  const fee: Document = { kind: "fee", clause: "fee", minor: member(outcome, "fee_minor"), text: "Fee" };
  const lines = [fee, ...rated, ...adjustments.map((line) => lineOf(line, ""))];
  return {
    total_minor: Number(outcome.total_minor) + kept + adjusted,
    lines,
    currency: member(outcome, "currency"),
    clauses,
    contract: member(run, "contract"),
    as_of: member(run, "as_of"),
    title: member(agreement, "title"),
    parties: member(agreement, "parties"),
    period: { ...periodOf(run), time_zone: member(termsOf(agreement), "time_zone") },
  };
}

function compared(report: Report, tell?: Tell): Verdict {
  const [statement, given] = [object(report.statement, "statement"), documentsOf(report.leaves)];
  const own = runOf(statement, given);
  const zone = new Zone(textOf(termsOf(agreementOf(own, given)), "time_zone"));
  const all = list(member(statement, "comparisons")).map((one) => object(one, "statement/comparisons"));
  const money: Verdict = { ...NOTHING, ...moneyOf(statement) };
  const figures: Figure[] = [];
  for (const [at, one] of all.entries()) {
    const run = documentOf(given, "what_if_run", textOf(one, "what_if_run"));
    const place = `what_if_run ${text(member(one, "assumption"))}`;
    if (ratedBy(run, zone) !== ratedBy(own, zone))
      throw new RefusedError(gettext("{run} is of another contract or period than the statement", { run: place }));
    const outcome = outcomeOf(run, given, place, (done, of) => tell?.(at * of + done, all.length * of));
    const expected: Document = { assumption: member(run, "assumption"), what_if_run: member(one, "what_if_run") };
    for (const name of SHOWN) expected[name] = member(outcome, name);
    const differences = [
      ...runDifferences(run, outcome, place),
      ...differencesOf(one, expected, "statement/comparisons"),
    ];
    const of = text(member(one, "assumption"));
    const [stated, computed] = [one, outcome].map((each) => amount(each, "total_minor")) as [Shown, Shown];
    figures.push({ what: "compared", of, stated, computed });
    if (differences.length) return { ...money, state: "fails", differences, figures };
  }
  return { ...money, state: "holds", figures, total: all.length };
}

/** Where a document says something else than what was computed. */
function differencesOf(found: Json, computed: Json, place: string): Difference[] {
  if (isObject(found) && isObject(computed)) {
    for (const name of Object.keys(found))
      if (!Object.hasOwn(computed, name))
        throw new UnknownError(gettext("unknown field {place}/{name}", { place, name }));
    return Object.entries(computed).flatMap(([name, wanted]) =>
      Object.hasOwn(found, name)
        ? differencesOf(found[name] ?? null, wanted, `${place}/${name}`)
        : [{ place: `${place}/${name}`, stated: null, computed: short(wanted) }],
    );
  }
  if (Array.isArray(found) && Array.isArray(computed) && found.length === computed.length)
    return computed.flatMap((wanted, at) => differencesOf(found[at] ?? null, wanted, `${place}/${at}`));
  return canonical(found) === canonical(computed) ? [] : [{ place, stated: short(found), computed: short(computed) }];
}

function isObject(value: Json): value is Document {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function short(value: Json): string {
  const written = canonical(value);
  return written.length <= 60 ? written : `${written.slice(0, 57)}...`;
}

/** The currency of a statement; one that is not known has no digits, and no figures are shown in it. */
function moneyOf(statement: Json): { currency: string; digits: number } {
  const currency = isObject(statement) ? optional(statement, "currency") : null;
  const digits = typeof currency === "string" ? DIGITS.get(currency) : undefined;
  return digits === undefined ? { currency: "", digits: 0 } : { currency: currency as string, digits };
}

function amount(value: Document, name: string): Shown {
  const found = optional(value, name);
  return { percent: null, minor: typeof found === "number" ? found : null };
}

function clauseShown(clause: Document): Shown {
  const percent = optional(clause, "percent");
  return { ...amount(clause, "amount_minor"), percent: typeof percent === "string" ? percent : null };
}

/** The figures that people look at, as they are stated; of a statement that cannot be read none. */
function statedOf(statement: Json): Figure[] {
  try {
    const found = object(statement, "statement");
    const fees = list(member(found, "lines")).map((line) => object(line, "line"));
    const fee = amount(fees.find((line) => line.kind === "fee") ?? {}, "minor");
    const clauses = list(member(found, "clauses")).map((clause) => object(clause, "clause"));
    return [
      { what: "fee", of: "", stated: fee, computed: null },
      ...clauses.map((one): Figure => ({
        what: "clause",
        of: textOf(one, "id"),
        stated: clauseShown(one),
        computed: null,
      })),
      { what: "total", of: "", stated: amount(found, "total_minor"), computed: null },
    ];
  } catch {
    return [];
  }
}

/** What the statement is compared with, as it is stated. */
function comparedOf(statement: Json): Figure[] {
  try {
    return list(member(object(statement, "statement"), "comparisons")).map((each): Figure => {
      const one = object(each, "statement/comparisons");
      return { what: "compared", of: textOf(one, "assumption"), stated: amount(one, "total_minor"), computed: null };
    });
  } catch {
    return [];
  }
}

/** Each stated figure beside the one that was computed. */
function compareFigures(statement: Json, outcome: Document, total: Json | undefined): Figure[] {
  const clauses = new Map((list(outcome.clauses) as Document[]).map((clause) => [clause.id, clause]));
  return statedOf(statement).map((one): Figure => {
    if (one.what === "fee") return { ...one, computed: amount(outcome, "fee_minor") };
    if (one.what === "total") return { ...one, computed: amount({ total: total ?? null }, "total") };
    const clause = clauses.get(one.of);
    return { ...one, computed: clause ? clauseShown(clause) : null };
  });
}
