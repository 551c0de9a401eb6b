/** What remedies make of an outcome: tiers and steps, credits and bonuses, in percent of what a clause has of the fee. */
import { gettext } from "../../common/gettext.ts";
import { RefusedError } from "../canonical.ts";
import { Exact, least, ZERO } from "./exact.ts";
import { exact, kindOf, list, member, objectOf, optional, word, type Document } from "./forms.ts";

interface Tier {
  below: Exact;
  credit: Exact;
}

/** A remedy's verdict as a run writes it; credit and bonus are percentages of the fee base. */
export type Verdict = { credit: Exact; bonus: Exact } & (
  | { tiers: Tier[]; holding: Tier | null }
  | { remedy: StepTerms; distance: Exact; steps: bigint; uncapped: Exact; percent: Exact }
);

interface StepTerms {
  side: "below" | "above";
  threshold: Exact;
  effect: "credit" | "bonus";
  percent: Exact;
  per: Exact;
  started: boolean;
  cap: Exact | null;
}

/** What a remedy makes of an outcome in percent. */
export function verdictOf(value: Document[string], percent: Exact, place: string): Verdict {
  const remedy = kindOf("remedy", value, place);
  return remedy.kind === "tiers" ? byTiers(remedy, percent, place) : bySteps(remedy, percent, place);
}

function byTiers(remedy: Document, percent: Exact, place: string): Verdict {
  const tiers = list(member(remedy, "tiers")).map((each): Tier => {
    const row = objectOf("tier", each, place);
    return { below: exact(member(row, "below")), credit: exact(member(row, "credit")) };
  });
  tiers.sort((one, other) => other.below.compare(one.below));
  if (tiers.some((tier, at) => at > 0 && tiers[at - 1]?.below.compare(tier.below) === 0))
    throw new RefusedError(gettext("two tiers in {place} have the same threshold", { place }));
  const holding = tiers.filter((tier) => percent.compare(tier.below) < 0).at(-1) ?? null;
  return { tiers, holding, credit: holding?.credit ?? ZERO, bonus: ZERO };
}

function bySteps(remedy: Document, reached: Exact, place: string): Verdict {
  const side = oneOf(remedy, ["below", "above"], place);
  const effect = oneOf(remedy, ["credit", "bonus"], place);
  const [threshold, percent, per] = [exact(remedy[side]), exact(remedy[effect]), exact(member(remedy, "per"))];
  const started = word(member(remedy, "step"), `${place}/step`, "full", "started") === "started";
  const most = optional(remedy, "cap");
  const cap = most === null ? null : exact(most);
  const beyond = side === "below" ? threshold.minus(reached) : reached.minus(threshold);
  const distance = beyond.compare(ZERO) > 0 ? beyond : ZERO;
  const steps = started ? distance.over(per).ceil() : distance.over(per).floor();
  const uncapped = percent.times(steps);
  const granted = cap === null ? uncapped : least(uncapped, cap);
  return {
    remedy: { side, threshold, effect, percent, per, started, cap },
    distance,
    steps,
    uncapped,
    percent: granted,
    credit: effect === "credit" ? granted : ZERO,
    bonus: effect === "bonus" ? granted : ZERO,
  };
}

/** Which of two members is there; it has to be one of them. */
function oneOf<Name extends string>(value: Document, names: [Name, Name], place: string): Name {
  const given = names.filter((name) => optional(value, name) !== null);
  if (given.length !== 1 || given[0] === undefined)
    throw new RefusedError(gettext("{place} has not one of {names}", { place, names: names.join(" and ") }));
  return given[0];
}
