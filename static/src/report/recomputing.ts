/** The checks that compute the outcome again: where that is done, and what is said of it. */
import { amountText, decimalText, gettext, ngettext, words } from "../common/gettext.ts";
import { RefusedError, UnknownError } from "./canonical.ts";
import type { Check, FigureLine, Found } from "./checks.ts";
import type { Difference, Figure, Shown, Verdict } from "./recompute/figures.ts";
import type { Answer, Asked, Told } from "./recompute/figures.worker.ts";
import type { Report } from "./shapes.ts";

/** Computes again what was asked for, and hears meanwhile what share of it is done. */
export type Compute = (asked: Asked, tell: (share: number) => void) => Promise<Verdict>;

type Money = Pick<Verdict, "currency" | "digits">;

const MOST_PLACES = 3;

/** In a worker, which is loaded for this and gone thereafter. */
export const inWorker: Compute = (asked, tell) => {
  const worker = new Worker(new URL("./recompute/figures.worker.ts", import.meta.url), { type: "module" });
  return new Promise<Verdict>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      if ("share" in data) tell(data.share);
      else resolve(data.verdict);
    });
    worker.addEventListener("error", () => {
      reject(new UnknownError(gettext("This browser could not compute it; use the verifier.")));
    });
    worker.postMessage({ ...asked, words: words() } satisfies Told);
  }).finally(() => {
    worker.terminate();
  });
};

/** The computations of a report, each a check. */
export function computationsOf(report: Report, compute: Compute): Check[] {
  const checks: Check[] = [
    {
      claim: gettext("The outcome recomputed from the evidence segments equals the statement"),
      find: async (tell) => concluded(await compute({ report, what: "figures" }, tell), basisOf),
    },
  ];
  if (hasComparisons(report))
    checks.push({
      claim: gettext("What it is compared with, recomputed, equals the statement"),
      find: async (tell) => concluded(await compute({ report, what: "comparisons" }, tell), comparedOf),
    });
  return checks;
}

function hasComparisons({ statement }: Report): boolean {
  if (statement === null || typeof statement !== "object" || Array.isArray(statement)) return false;
  return Array.isArray(statement.comparisons) && statement.comparisons.length > 0;
}

/** What a verdict says; where it does not hold, an error with the figures. */
function concluded(verdict: Verdict, basis: (verdict: Verdict) => string): Found {
  const figures = verdict.currency ? verdict.figures.map((one) => lineOf(one, verdict)) : [];
  if (verdict.state === "holds") return { found: [basis(verdict), ...sentences(figures)].join(" "), figures };
  const why = verdict.differences.length ? places(verdict.differences) : verdict.reason;
  if (verdict.state === "fails")
    throw new RefusedError([`${why}.`, ...sentences(figures)].join(" "), { cause: figures });
  const unknown = gettext("It cannot be computed again here: {reason}.", { reason: why });
  throw new UnknownError([unknown, ...sentences(figures)].join(" "), { cause: figures });
}

/** The first places at which the documents say something else than what was computed. */
function places(differences: Difference[]): string {
  const told = differences
    .slice(0, MOST_PLACES)
    .map(({ place, stated, computed }) =>
      stated === null
        ? gettext("{place} is missing", { place })
        : gettext("{place} is {stated}, computed again it is {computed}", { place, stated, computed }),
    );
  const more = differences.length - told.length;
  return [...told, ...(more ? [gettext("and {count} more", { count: more })] : [])].join("; ");
}

/** Which figures are as stated, which are not, and which are not known. */
function sentences(figures: FigureLine[]): string[] {
  const named = (state: FigureLine["state"]): string =>
    figures
      .filter((one) => one.state === state)
      .map((one) => one.name)
      .join(", ");
  const [agree, differ, unknown] = [named("holds"), named("fails"), named("unknown")];
  return [
    agree && gettext("Computed again here, and as stated: {figures}.", { figures: agree }),
    differ && gettext("Computed again here, and not as stated: {figures}.", { figures: differ }),
    unknown && gettext("Not known: {figures}.", { figures: unknown }),
  ].filter(Boolean);
}

function lineOf({ what, of, stated, computed }: Figure, money: Money): FigureLine {
  const names = {
    fee: gettext("Fee"),
    clause: of,
    total: gettext("Total"),
    compared: gettext("Total of “{world}”", { world: of }),
  };
  const isSame = computed?.percent === stated.percent && computed.minor === stated.minor;
  return {
    name: names[what],
    stated: shown(stated, money),
    computed: computed ? shown(computed, money) : gettext("Unknown"),
    state: computed ? (isSame ? "holds" : "fails") : "unknown",
  };
}

function shown({ percent, minor }: Shown, { currency, digits }: Money): string {
  const amount = minor === null ? gettext("no amount") : amountText(minor, currency, digits);
  return percent === null ? amount : `${decimalText(percent)} %, ${amount}`;
}

/** What the outcome was computed from, and what of it comes from other periods. */
function basisOf(verdict: Verdict): string {
  const basis = [
    ngettext("{count} segment of evidence", "{count} segments of evidence", verdict.segments),
    ...(verdict.corrections ? [ngettext("{count} correction", "{count} corrections", verdict.corrections)] : []),
    ngettext("{count} claimed exclusion", "{count} claimed exclusions", verdict.claims),
  ].join(", ");
  const amount = (minor: number): string => amountText(minor, verdict.currency, verdict.digits);
  const told = [gettext("{amount}, from {basis}.", { amount: amount(verdict.total), basis })];
  if (verdict.left !== null)
    told.push(
      gettext("{amount} were left of the year's limit, as the statements say that are named.", {
        amount: amount(verdict.left),
      }),
    );
  if (verdict.standing !== null)
    told.push(
      gettext("{amount} of it stand as they were settled before, as the statements say that are named.", {
        amount: amount(verdict.standing),
      }),
    );
  if (verdict.adjusted !== null)
    told.push(
      gettext("{amount} of it adjust earlier periods, as the statements say that are named.", {
        amount: amount(verdict.adjusted),
      }),
    );
  return told.join(" ");
}

function comparedOf(verdict: Verdict): string {
  return ngettext("{count} outcome of assumed evidence.", "{count} outcomes of assumed evidence.", verdict.total);
}
