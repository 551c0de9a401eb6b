/**
 * What documents may say: their members, kinds and words. Whatever is not known here stops the computation: nothing that
 * may change an amount is passed over. All of this is that of `verifier.py`.
 */
import { gettext } from "../../common/gettext.ts";
import { UnknownError, type Json } from "../canonical.ts";
import { Exact } from "./exact.ts";

/** An object of JSON. */
export type Document = Record<string, Json>;

/** A value of JSON, or nothing where an object has no such member. */
export type Given = Json | undefined;

const FORMS: Record<string, string> = {
  run: "run contract version assumption period as_of outcome year_cap relies_on",
  "what a run relies on":
    "contract_version contract_acceptance evidence_segment evidence_correction exclusion exclusion_decision " +
    "assumed_evidence statement",
  year: "from to cap_minor credited remaining_minor",
  correction: "correction dispute contract asset of from to state consent decided_by decided_at",
  segment: "asset name start end rule relies_on in_service initial states counters rates measures conditions",
  claim: "exclusion contract category assets from to evidence side claimed_by claimed_at objection_until",
  decision: "exclusion decision why side consent decided_by decided_at relies_on",
  rate: "rate period as_of contract evidence exclusions",
  contract: "currency time_zone rounding correction_window fee clauses caps",
  "fee flat": "kind minor",
  "fee per_asset": "kind minor prorate",
  "fee metered": "kind of unit mode tiers minimum_minor",
  clause: "id indicator assets aggregate calendar outages gaps minimum_coverage exclusions remedies",
  "indicator availability": "kind of",
  "indicator throughput": "kind of unit target per hours",
  "indicator ratio": "kind of per unit target better",
  "indicator mean_rate": "kind interval",
  "indicator response": "kind of within",
  calendar: "weekly holidays",
  window: "days from to",
  outages: "minimum quantum",
  gaps: "policy carry then",
  rule: "category allowance",
  "price tier": "to price",
  "remedy tiers": "kind tiers",
  tier: "below credit",
  "remedy steps": "kind below above credit bonus per step cap",
  caps: "period_percent year_remaining_minor",
  evidence: "in_service initial states counters rates measures conditions",
  span: "from to",
  state: "from to state received",
  reading: "id at value received",
  "rate of errors": "from to value received",
  exclusion: "category assets from to approved withdrawn",
  statement:
    "statement version replaces contract title parties period as_of sealed_at currency lines total_minor clauses " +
    "comparisons relies_on",
};
const KNOWN = new Map(Object.entries(FORMS).map(([form, names]) => [form, new Set(names.split(" "))]));

const CURRENCIES: [digits: number, currencies: string][] = [
  [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
  [
    2,
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF " +
      "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF " +
      "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN " +
      "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS " +
      "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
  ],
  [3, "BHD IQD JOD KWD LYD OMR TND"],
  [4, "CLF UYW"],
];

/** Digits of the minor unit by currency (ISO 4217). */
export const DIGITS: ReadonlyMap<string, number> = new Map(
  CURRENCIES.flatMap(([digits, all]) => all.split(" ").map((currency): [string, number] => [currency, digits])),
);

/** The members of an evidence segment that say what is known of its asset. */
export const EVIDENCE_MEMBERS: ReadonlySet<string> = KNOWN.get("evidence") ?? new Set();

/** Something is not of the form that is known here. */
export function unlike(what: string): UnknownError {
  return new UnknownError(gettext("a document is not of the form known here ({what})", { what }));
}

/** An object. */
export function object(value: Given, place: string): Document {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new UnknownError(gettext("{place} is not an object", { place }));
  return value;
}

/** An object with no other members than those of a form. */
export function objectOf(form: string, value: Given, place: string): Document {
  const found = object(value, place);
  for (const name of Object.keys(found))
    if (!KNOWN.get(form)?.has(name)) throw new UnknownError(gettext("unknown field {place}/{name}", { place, name }));
  return found;
}

/** An object of a sort that has kinds, each with members of its own. */
export function kindOf(sort: string, value: Given, place: string): Document {
  const kind = value !== null && typeof value === "object" && !Array.isArray(value) ? optional(value, "kind") : null;
  const form = `${sort} ${shown(kind)}`;
  if (typeof kind !== "string" || !KNOWN.has(form))
    throw new UnknownError(gettext("unknown {form} in {place}", { form, place }));
  return objectOf(form, value, place);
}

/** A word, which has to be one of those that are known. */
export function word<Word extends string>(value: Given, place: string, ...words: Word[]): Word {
  const found = words.find((one) => one === value);
  if (found === undefined) throw new UnknownError(gettext("unknown {place} {value}", { place, value: shown(value) }));
  return found;
}

function shown(value: Given): string {
  return (typeof value === "string" ? value : JSON.stringify(value ?? null)).slice(0, 60);
}

/** A member that has to be there. */
export function member(value: Document, name: string): Json {
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  if (found === undefined) throw unlike(gettext("it has no {name}", { name }));
  return found;
}

/** A member, or null where there is none. */
export function optional(value: Document, name: string): Json {
  return Object.hasOwn(value, name) ? (value[name] ?? null) : null;
}

/** A member, or something else where there is none. */
export function either(value: Document, name: string, other: Json): Json {
  return Object.hasOwn(value, name) ? member(value, name) : other;
}

/** A list. */
export function list(value: Given): Json[] {
  if (!Array.isArray(value)) throw unlike(gettext("{value} is not a list", { value: shown(value) }));
  return value;
}

/** A text. */
export function text(value: Given): string {
  if (typeof value !== "string") throw unlike(gettext("{value} is not a text", { value: shown(value) }));
  return value;
}

/** A list of texts. */
export function texts(value: Given): string[] {
  return list(value).map(text);
}

/** A text that is a member. */
export function textOf(value: Document, name: string): string {
  return text(member(value, name));
}

/** A decimal as it is written. */
export function exact(value: Given): Exact {
  const found = text(value);
  const [, whole, part = ""] = /^(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,20}))?$/.exec(found) ?? [];
  if (whole === undefined) throw new UnknownError(gettext("{value} is not a decimal", { value: shown(found) }));
  return new Exact(BigInt(whole + part), 10n ** BigInt(part.length));
}

const WITHIN_DAY = "T(?=.)(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\\.([0-9]{1,3}))?S)?";
const DURATION = new RegExp(`^P(?=.)(?:([0-9]+)W)?(?:([0-9]+)D)?(?:${WITHIN_DAY})?$`);

/** A duration in milliseconds; its days have 24 hours. */
export function lengthOf(value: Given): number {
  const found = text(value);
  const match = DURATION.exec(found);
  if (!match) throw new UnknownError(gettext("{value} is not a duration", { value: shown(found) }));
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 6).map(numeral);
  const whole = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds;
  const length = 1000 * whole + Number((match[6] ?? "").padEnd(3, "0"));
  if (!Number.isSafeInteger(length)) throw new UnknownError(gettext("{value} is too long", { value: shown(found) }));
  return length;
}

/** The number that some digits of a match are; where they are left out it is 0. */
export function numeral(digits: string | undefined): number {
  return Number(digits ?? 0);
}

/** A whole number of minor units, as it is written. */
export function minor(value: Given): bigint {
  if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) >= 1e15)
    throw new UnknownError(gettext("{value} is not a whole number of minor units", { value: shown(value) }));
  return BigInt(value);
}

/** The order of two texts by their code points. */
export function byText(one: string, other: string): number {
  const [some, others] = [Array.from(one), Array.from(other)];
  for (const [at, letter] of some.entries()) {
    const difference = (letter.codePointAt(0) ?? 0) - (others[at]?.codePointAt(0) ?? -1);
    if (difference) return difference;
  }
  return some.length - others.length;
}
