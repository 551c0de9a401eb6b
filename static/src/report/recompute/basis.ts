/** What a run was computed from, out of a report: the contract, the evidence, and the exclusions with their decisions. */
import { gettext } from "../../common/gettext.ts";
import { kindNamed } from "../kinds.ts";
import { RefusedError, UnknownError } from "../canonical.ts";
import { reliesOn, type Leaf } from "../shapes.ts";
import { Zone } from "./clock.ts";
import { byText, either, EVIDENCE_MEMBERS, list, member, minor, object, objectOf, optional } from "./forms.ts";
import { text, textOf, texts, word, type Document } from "./forms.ts";

/** The documents of a report by kind and digest, without those that are given by their digest alone. */
export type Documents = Map<string, Document>;

const CORRECTION = "evidence_correction";

/** The documents among the entries of a report. */
export function documentsOf(leaves: Leaf[]): Documents {
  const given: Documents = new Map();
  for (const { kind, digest, payload } of leaves)
    if (payload !== null) given.set(`${kind} ${digest}`, object(payload, kind));
  return given;
}

/** A document of a report. */
export function documentOf(given: Documents, kind: string, digest: string): Document {
  const found = given.get(`${kind} ${digest}`);
  if (!found)
    throw new UnknownError(gettext("{kind} {digest} is given by its digest alone", { kind: kindNamed(kind), digest }));
  return found;
}

/** The digests of the documents of a kind that a document rests on. */
export function namesOf(document: Document, kind: string): string[] {
  return texts(either(object(member(document, "relies_on"), "relies_on"), kind, []));
}

/** The documents of a kind that a run rests on. */
export function relied(run: Document, kind: string, given: Documents): Document[] {
  return namesOf(run, kind).map((digest) => documentOf(given, kind, digest));
}

/** The one contract that a run rests on. */
export function agreementOf(run: Document, given: Documents): Document {
  const [agreement, ...others] = relied(run, "contract_version", given);
  if (!agreement || others.length) throw new UnknownError(gettext("the run does not rest on one contract"));
  return agreement;
}

/** The terms of a contract as they stand in it. */
export function termsOf(agreement: Document): Document {
  return object(member(agreement, "terms"), "terms");
}

/** What a run was computed from, as a rate document. */
export function rateDocument(run: Document, given: Documents): Document {
  const agreement = agreementOf(run, given);
  if (agreement.agreement !== 1) throw new UnknownError(gettext("the contract is of another form"));
  if (
    member(run, "contract") !== member(agreement, "contract") ||
    member(run, "version") !== member(agreement, "version")
  )
    throw new RefusedError(gettext("the run names another version of the contract than it rests on"));
  const zone = new Zone(textOf(termsOf(agreement), "time_zone"));
  const sides = periodOf(run);
  const period = sidesOf(sides, zone);
  const effective = object(member(agreement, "effective"), "effective");
  const until = optional(effective, "to");
  if (period[0] < zone.instant(member(effective, "from")) || (until !== null && period[1] > zone.instant(until)))
    throw new RefusedError(gettext("the contract does not hold throughout the period"));
  return {
    rate: 1,
    period: sides,
    as_of: member(run, "as_of"),
    contract: ratedTerms(run, agreement),
    evidence: evidenceOf(run, agreement, period, given),
    exclusions: exclusionsOf(run, agreement, given),
  };
}

/** The period of a run. */
export function periodOf(run: Document): Document {
  return object(member(run, "period"), "period");
}

/** The start and the end of something, as instants. */
export function sidesOf(sides: Document, zone: Zone): [number, number] {
  return [zone.instant(member(sides, "start")), zone.instant(member(sides, "end"))];
}

/** The terms of the contract, with what the other periods of its year left of the limit of the year. */
function ratedTerms(run: Document, agreement: Document): Document {
  const [terms, cap] = [termsOf(agreement), optional(agreement, "year_cap_minor")];
  const given = optional(run, "year_cap");
  if (given === null && cap === null) return terms;
  const year = objectOf("year", given, "outcome_run/year_cap");
  const credited = list(member(year, "credited")).map((one) => object(one, "credited"));
  const used = credited.reduce((some, one) => some + minor(member(one, "credits_minor")), 0n);
  const rest = minor(cap) - used;
  const left = rest > 0n ? Number(rest) : 0;
  const named = credited.map((one) => textOf(one, "statement"));
  const isSame = named.join() === namesOf(run, "statement").join();
  if (member(year, "cap_minor") !== cap || member(year, "remaining_minor") !== left || !isSame)
    throw new RefusedError(
      gettext("what is left of the year's limit is not the limit less what the statements named credited"),
    );
  return { ...terms, caps: { ...object(member(terms, "caps"), "caps"), year_remaining_minor: left } };
}

/** The assets of a contract. */
function assetsOf(agreement: Document): string[] {
  return Object.keys(object(member(agreement, "assets"), "assets"));
}

/** What is known of each asset of the contract; of one without a segment nothing is. */
function evidenceOf(run: Document, agreement: Document, period: [number, number], given: Documents): Document {
  const known = new Map(assetsOf(agreement).map((asset): [string, Document] => [asset, { initial: null }]));
  const kind = member(run, "assumption") === null ? "evidence_segment" : "assumed_evidence";
  const zone = new Zone(textOf(termsOf(agreement), "time_zone"));
  const told = new Set<string>();
  for (const each of relied(run, kind, given)) {
    const segment = objectOf("segment", each, kind);
    const asset = textOf(segment, "asset");
    if (told.has(asset))
      throw new RefusedError(gettext("there are two: {kind} of {asset}", { kind: kindNamed(kind), asset }));
    if (kind === "evidence_segment" && sidesOf(segment, zone).some((side, at) => side !== period[at]))
      throw new RefusedError(
        gettext("{kind} of {asset} is of another period than the run", { kind: kindNamed(kind), asset }),
      );
    told.add(asset);
    const members = Object.entries(segment).filter(([name]) => EVIDENCE_MEMBERS.has(name));
    if (known.has(asset)) known.set(asset, Object.fromEntries(members));
  }
  for (const each of relied(run, CORRECTION, given)) {
    const correction = objectOf("correction", each, CORRECTION);
    if (correction.contract !== run.contract)
      throw new RefusedError(
        gettext("a correction is about another contract, {contract}", {
          contract: text(correction.contract).slice(0, 60),
        }),
      );
    const asset = textOf(correction, "asset");
    const before = known.get(asset);
    if (!before)
      throw new UnknownError(gettext("a correction is about {asset}, which the contract does not have", { asset }));
    known.set(asset, corrected(before, correction));
  }
  return Object.fromEntries(known);
}

/** What is known of an asset with what a dispute found: one more report, received when that was decided. */
function corrected(known: Document, correction: Document): Document {
  const report: Document = { received: member(correction, "decided_at") };
  for (const name of ["from", "to", "state"]) report[name] = member(correction, name);
  if (member(correction, "of") === null) return { ...known, states: [...list(either(known, "states", [])), report] };
  const of = text(correction.of);
  const conditions = object(either(known, "conditions", {}), "conditions");
  return { ...known, conditions: { ...conditions, [of]: [...list(either(conditions, of, [])), report] } };
}

/** By exclusion each verdict and when it was given. */
type Decided = Map<string, Map<string, string>>;

/** The exclusions that were claimed, with when each was approved or withdrawn. */
function exclusionsOf(run: Document, agreement: Document, given: Documents): Document[] {
  const zone = new Zone(textOf(termsOf(agreement), "time_zone"));
  const claims = relied(run, "exclusion", given);
  const claimed = claimedOf(run, claims);
  const decided = decidedOf(run, claimed, given);
  refuseLeftOut(run, claimed, decided, given);
  const ours = new Set(assetsOf(agreement));
  return claims.map((each): Document => {
    const claim = objectOf("claim", each, "exclusion");
    const name = textOf(claim, "exclusion");
    const contract = member(claim, "contract");
    if (contract !== null && contract !== run.contract)
      throw new RefusedError(gettext("the exclusion {name} is another contract's", { name }));
    const verdicts = decided.get(name) ?? new Map<string, string>();
    const silent = silence(claim, [...verdicts.values()], textOf(run, "as_of"), zone);
    const withdrawn = verdicts.get("withdrawn");
    return {
      category: member(claim, "category"),
      from: member(claim, "from"),
      to: member(claim, "to"),
      assets: texts(member(claim, "assets")).filter((asset) => ours.has(asset)),
      approved: verdicts.get("approved") ?? silent,
      ...(withdrawn === undefined ? {} : { withdrawn }),
    };
  });
}

/** By exclusion the digest of its claim; of each there is one. */
function claimedOf(run: Document, claims: Document[]): Map<string, string> {
  const claimed = new Map<string, string>();
  for (const [at, digest] of namesOf(run, "exclusion").entries()) {
    const exclusion = textOf(claims[at] ?? {}, "exclusion");
    if (claimed.has(exclusion))
      throw new RefusedError(gettext("there are two claims of the exclusion {exclusion}", { exclusion }));
    claimed.set(exclusion, digest);
  }
  return claimed;
}

/** What was decided on each exclusion: on the claim that counts, and not on another of its name. */
function decidedOf(run: Document, claimed: Map<string, string>, given: Documents): Decided {
  const decided: Decided = new Map();
  for (const each of relied(run, "exclusion_decision", given)) {
    const decision = objectOf("decision", each, "exclusion_decision");
    const verdict = word(member(decision, "decision"), "decision", "approved", "declined", "withdrawn");
    const exclusion = textOf(decision, "exclusion");
    const claim = claimed.get(exclusion);
    if (claim !== undefined && !reliesOn(decision).some(([kind, name]) => kind === "exclusion" && name === claim))
      throw new RefusedError(
        gettext("what was decided on the exclusion {exclusion} is of another claim than the run's", { exclusion }),
      );
    const verdicts = decided.get(exclusion) ?? new Map<string, string>();
    decided.set(exclusion, verdicts.set(verdict, textOf(decision, "decided_at")));
  }
  return decided;
}

/** Refuse a run that passes over an exclusion which was claimed or decided. */
function refuseLeftOut(run: Document, claimed: Map<string, string>, decided: Decided, given: Documents): void {
  const leftOut = new Set([...decided.keys()].filter((name) => !claimed.has(name)));
  const used = new Set(namesOf(run, "exclusion").map((digest) => `exclusion ${digest}`));
  if (member(run, "assumption") === null)
    for (const [name, claim] of given)
      if (name.startsWith("exclusion ") && !used.has(name)) leftOut.add(textOf(claim, "exclusion"));
  const [first] = [...leftOut].sort(byText);
  if (first !== undefined) throw new RefusedError(gettext("the run leaves out the exclusion {first}", { first }));
}

/** Since when a claim counts as approved because nothing was said of it while the customer could object. */
function silence(claim: Document, decided: string[], asOf: string, zone: Zone): string | null {
  const value = optional(claim, "objection_until");
  if (value === null) return null;
  const until = text(value);
  if (zone.instant(asOf) < zone.instant(until)) return null;
  return decided.some((at) => zone.instant(at) < zone.instant(until)) ? null : until;
}
