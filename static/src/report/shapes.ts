/** The form of a report: what has to be there, and nothing else. */
import { gettext } from "../common/gettext.ts";
import { canonical, RefusedError, type Json } from "./canonical.ts";

/** `{member: shape}`, `[shape of each item]`, a pattern of the canonical JSON, null for anything. */
type Shape = { [member: string]: Shape } | [Shape] | RegExp | null;

/** An entry of the log with its place, its proof (positions in `hashes`) and, where it is given, its document. */
export interface Leaf {
  digest: string;
  index: number;
  kind: string;
  path: number[];
  payload: Json;
  salt: string;
}

/** An earlier head and the proof that the log only grew since. */
export interface Growth {
  head: string;
  consistency: string[];
}

/** A report, as `docs/schemas/proof-bundle.schema.json` has it. */
export interface Report {
  bundle: number;
  hashes: string[];
  head: string;
  key: { fingerprint: string; verifier: string };
  leaves: Leaf[];
  previous: Growth | null;
  statement: Json;
  handovers?: string[];
  witnessed?: (Growth & { cosignatures: { key: string; signature: string }[] }) | null;
  stamped?: Stamped;
}

/** A head that an authority has stamped with the time: its answer (RFC 3161) in base64, its address, and the time. */
export interface Stamped extends Growth {
  token: string;
  authority: string;
  at: string;
}

const HASH = /^"[0-9a-f]{64}"$/;
const TEXT = /^"[^]*"$/;
const WHOLE = /^[0-9]{1,15}$/;
const LEAF = { digest: HASH, index: WHOLE, kind: /^"[a-z][a-z0-9_]{0,63}"$/, path: [WHOLE] as [Shape], payload: null };
const GROWTH = { consistency: [HASH] as [Shape], head: TEXT };
const REPORT: Record<string, Shape> = {
  bundle: /^[123]$/,
  hashes: [HASH],
  head: TEXT,
  key: { fingerprint: HASH, verifier: TEXT },
  leaves: [{ ...LEAF, salt: /^"[0-9a-f]{32}"$/ }],
  previous: null,
  statement: null,
};
const WITNESSED = { ...GROWTH, cosignatures: [{ key: TEXT, signature: TEXT }] as [Shape] };

const SECOND: Record<string, Shape> = { handovers: [TEXT], witnessed: null };
const STAMPED = { ...GROWTH, token: TEXT, authority: TEXT, at: TEXT };
const THIRD: Record<string, Shape> = { ...SECOND, stamped: STAMPED };

/** The report in a JSON value, once it has the form, with its entries and hashes in order. */
export function reportIn(value: Json): Report {
  const version = members(value)?.bundle;
  const more = version === 3 ? THIRD : version === 2 ? SECOND : {};
  fit(value, { ...REPORT, ...more }, "report");
  const report = value as unknown as Report;
  for (const [name, shape] of [
    ["previous", GROWTH],
    ["witnessed", WITNESSED],
  ] as const)
    if (report[name] != null) fit(report[name] as unknown as Json, shape, `report/${name}`);
  refuseDisorder(report);
  return report;
}

function refuseDisorder(report: Report): void {
  const indexes = report.leaves.map((leaf) => leaf.index);
  if (!indexes.length || indexes.some((index, at) => at > 0 && index <= (indexes[at - 1] ?? 0)))
    throw new RefusedError(gettext("report/leaves are not entries in the order of the log"));
  const uses = [...new Set(report.leaves.flatMap((leaf) => leaf.path))];
  if (uses.length !== report.hashes.length || uses.some((position, at) => position !== at))
    throw new RefusedError(gettext("report/hashes are not those of the paths, in the order of their first use"));
}

/** The kind and the digest of each document that a document says it relies on. */
export function reliesOn(document: Json): [kind: string, digest: string][] {
  const relied = members(document)?.relies_on ?? {};
  const named = members(relied);
  if (named === null) throw new RefusedError(gettext("relies_on is not an object"));
  return Object.entries(named).flatMap(([kind, digests]) => {
    fit(digests, [HASH], `relies_on/${kind}`);
    return (digests as string[]).map((digest): [string, string] => [kind, digest]);
  });
}

/** An object, or null for any other value. */
function members(value: Json): Record<string, Json> | null {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
}

/** Refuse a value that has not the shape. */
function fit(value: Json, shape: Shape, place: string): void {
  if (shape === null) return;
  if (shape instanceof RegExp) {
    if (!shape.test(canonical(value))) throw new RefusedError(gettext("{place} is not of its form", { place }));
  } else if (Array.isArray(shape)) fitItems(value, shape[0], place);
  else fitMembers(value, shape, place);
}

function fitItems(value: Json, shape: Shape, place: string): void {
  if (!Array.isArray(value)) throw new RefusedError(gettext("{place} is not a list", { place }));
  for (const [at, item] of value.entries()) fit(item, shape, `${place}/${at}`);
}

function fitMembers(value: Json, shape: Record<string, Shape>, place: string): void {
  const found = members(value);
  if (found === null || Object.keys(found).sort().join() !== Object.keys(shape).sort().join())
    throw new RefusedError(gettext("{place} has not the members that it should have", { place }));
  for (const [name, inner] of Object.entries(shape)) fit(found[name] ?? null, inner, `${place}/${name}`);
}
