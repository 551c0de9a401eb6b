/** What can be done about a finding with one click: the operations that mend it, or the field where a person must say more. */
import { gettext } from "../../common/gettext.ts";
import type { AssetType, Types } from "../model/catalogue.ts";
import type { Binding, Finding, Link, Operation, TwinDocument } from "../model/document.ts";
import { applyFitting } from "../model/operations.ts";

export interface Fix {
  words: string;
  operations: Operation[];
}

/** The field in the details of an asset that a finding is about. */
export interface Field {
  asset: string;
  /** As fields are marked on the page: `name`, `type`, `group`, `part_of`, `signals`, or `properties/KEY`. */
  field: string;
}

/** What a mender looks at: the finding, with its place in parts. */
interface Case {
  document: TwinDocument;
  types: Types;
  finding: Finding;
  /** The key of the asset, link or binding. */
  key: string;
  /** What stands behind it in the place. */
  rest: string;
}

interface Mender {
  words: () => string;
  /** None when the finding no longer holds, or nothing can be done without asking. */
  mend: (found: Case) => Operation[];
}

function freeName(document: TwinDocument, name: string): string {
  const taken = new Set(Object.values(document.assets).map((asset) => asset.name));
  const stem = name.replace(/ \d+$/, "").slice(0, 190);
  let number = 2;
  while (taken.has(`${stem} ${number}`)) number += 1;
  return `${stem} ${number}`;
}

function rename({ document, key }: Case): Operation[] {
  const name = document.assets[key]?.name;
  if (name === undefined) return [];
  const namesakes = Object.values(document.assets).filter((asset) => asset.name === name);
  return namesakes.length > 1 ? [{ op: "rename", asset: key, name: freeName(document, name) }] : [];
}

/** The newest version of a type's key that can be placed. */
function newestOf(types: Types, key: string): AssetType | undefined {
  return [...types.values()]
    .filter((type) => type.key === key && !type.abstract)
    .sort((one, other) => other.version - one.version)[0];
}

function toKnownType({ document, types, key }: Case): Operation[] {
  const asset = document.assets[key];
  if (!asset || types.has(asset.type)) return [];
  const newest = newestOf(types, asset.type.split("@")[0] ?? "");
  return newest ? [{ op: "set_type", asset: key, type: `${newest.key}@${newest.version}` }] : [];
}

/** The type that an abstract one stands for, when just one extends it. */
function toOnlyChild({ document, types, key }: Case): Operation[] {
  const abstract = types.get(document.assets[key]?.type ?? "");
  if (!abstract?.abstract) return [];
  const children = new Set(
    [...types.values()]
      .filter((type) => !type.abstract && type.lineage?.some((ref) => ref.split("@")[0] === abstract.key))
      .map((type) => type.key),
  );
  const [only = ""] = children;
  const type = children.size === 1 ? newestOf(types, only) : undefined;
  return type ? [{ op: "set_type", asset: key, type: `${type.key}@${type.version}` }] : [];
}

/** The successor that a deprecated type names, else its own newest version. */
export function successorOf(types: Types, ref: string): string | null {
  const type = types.get(ref);
  if (!type) return null;
  const next = type.deprecated?.successor ?? type.outdated_by;
  return next && next !== ref && types.has(next) ? next : null;
}

function toSuccessor({ document, types, key }: Case): Operation[] {
  const asset = document.assets[key];
  const type = asset ? successorOf(types, asset.type) : null;
  return type ? [{ op: "set_type", asset: key, type }] : [];
}

function noProperty({ document, key, rest }: Case): Operation[] {
  const property = rest.split("/")[1] ?? "";
  return document.assets[key]?.properties[property] === undefined
    ? []
    : [{ op: "set_property", asset: key, property, value: null }];
}

function unlink({ document, key }: Case): Operation[] {
  return document.links[key] ? [{ op: "unlink", link: key }] : [];
}

const ends = (link: Link): string => [link.kind, ...link.from, ...link.to].join("/");

function unlinkDouble(found: Case): Operation[] {
  const link = found.document.links[found.key];
  const same = Object.values(found.document.links).filter((other) => link && ends(other) === ends(link));
  return same.length > 1 ? unlink(found) : [];
}

function unlinkBeyond(found: Case): Operation[] {
  const { document, types, key, rest } = found;
  const end = document.links[key]?.[rest === "to" ? "to" : "from"];
  if (!end) return [];
  const most = types.get(document.assets[end[0]]?.type ?? "")?.ports[end[1]]?.max;
  const used = Object.values(document.links)
    .flatMap((link) => [link.from, link.to])
    .filter((other) => other[0] === end[0] && other[1] === end[1]).length;
  return most != null && used > most ? unlink(found) : [];
}

const placeOf = ({ key, rest }: Case): string => `${key}/${rest.split("/")[0] ?? ""}`;

function unbind(found: Case): Operation[] {
  const place = placeOf(found);
  return found.document.bindings[place] ? [{ op: "unbind", place }] : [];
}

function unbindDouble(found: Case): Operation[] {
  const binding = found.document.bindings[placeOf(found)];
  const isSame = (other: Binding): boolean => other.gateway === binding?.gateway && other.key === binding.key;
  return Object.values(found.document.bindings).filter(isSame).length > 1 ? unbind(found) : [];
}

function rebound(change: Partial<Binding>): (found: Case) => Operation[] {
  return (found) => {
    const place = placeOf(found);
    const binding = found.document.bindings[place];
    return binding ? [{ op: "bind", place, ...binding, ...change }] : [];
  };
}

/** What is beyond the most of each key, the later ones. */
function beyond(
  keyed: readonly [key: string, id: string][],
  mostOf: (key: string) => number | null | undefined,
): string[] {
  const count = new Map<string, number>();
  return keyed.flatMap(([key, id]) => {
    const place = (count.get(key) ?? 0) + 1;
    count.set(key, place);
    return place > (mostOf(key) ?? Infinity) ? [id] : [];
  });
}

function unlinkLast({ document, types, key }: Case): Operation[] {
  const kinds = types.get(document.assets[key]?.type ?? "")?.relationships ?? {};
  const own = Object.entries(document.links).flatMap(([id, { from, kind }]): [string, string][] =>
    from[0] === key ? [[kind, id]] : [],
  );
  return beyond(own, (kind) => kinds[kind]?.max).map((link) => ({ op: "unlink", link }));
}

function detachLast({ document, types, key }: Case): Operation[] {
  const components = types.get(document.assets[key]?.type ?? "")?.components ?? {};
  const own = Object.entries(document.assets).flatMap(([id, { part_of }]): [string, string][] =>
    part_of?.[0] === key ? [[part_of[1], id]] : [],
  );
  const mostOf = (component: string): number | undefined =>
    components[component] && (components[component].count?.[1] ?? 1);
  return beyond(own, mostOf).map((asset) => ({ op: "attach", asset, part_of: null }));
}

const removesLink = (mend: Mender["mend"] = unlink): Mender => ({ words: () => gettext("Remove the link"), mend });
const stopsReading = (mend: Mender["mend"] = unbind): Mender => ({ words: () => gettext("Stop reading it"), mend });
const takesSuccessor: Mender = { words: () => gettext("Upgrade the type"), mend: toSuccessor };

/** Whatever is wrong with an expression. */
const dropsExpression: Mender = {
  words: () => gettext("Take the expression away"),
  mend: rebound({ expression: null }),
};

const BY_CODE: Record<string, Mender> = {
  duplicate_name: { words: () => gettext("Give it a name of its own"), mend: rename },
  unknown_group: {
    words: () => gettext("Take it out of the group"),
    mend: ({ document, key }) => (document.assets[key] ? [{ op: "set_group", asset: key, group: null }] : []),
  },
  unknown_type: { words: () => gettext("Take the version that there is"), mend: toKnownType },
  abstract_type: { words: () => gettext("Take the type that extends it"), mend: toOnlyChild },
  deprecated_type: takesSuccessor,
  unknown_property: { words: () => gettext("Take the property away"), mend: noProperty },
  property_misfit: { words: () => gettext("Take the value away"), mend: noProperty },
  unknown_port: removesLink(),
  self_link: removesLink(),
  link_does_not_fit: removesLink(),
  unfit_target: removesLink(),
  too_many_links: { words: () => gettext("Remove the last links"), mend: unlinkLast },
  too_many_components: { words: () => gettext("Detach the last ones"), mend: detachLast },
  duplicate_link: removesLink(unlinkDouble),
  port_full: removesLink(unlinkBeyond),
  unknown_signal: stopsReading(),
  key_bound_twice: stopsReading(unbindDouble),
  expression_and_scale: {
    words: () => gettext("Keep the expression only"),
    mend: rebound({ scale: null, offset: null }),
  },
  zero_scale: { words: () => gettext("Take the factor away"), mend: rebound({ scale: null }) },
  unknown_unit: { words: () => gettext("Take the signal's own unit"), mend: rebound({ unit: null }) },
  unit_not_convertible: { words: () => gettext("Take the signal's own unit"), mend: rebound({ unit: null }) },
};

function menderFor(code: string, section: string, rest: string): Mender | undefined {
  // What is wrong with being a part of something is mended by not being it.
  if (section === "assets" && rest.startsWith("part_of"))
    return {
      words: () => gettext("Detach it"),
      mend: ({ document, key }) => (document.assets[key]?.part_of ? [{ op: "attach", asset: key, part_of: null }] : []),
    };
  if (code === "unknown_asset") return section === "links" ? removesLink() : stopsReading();
  return BY_CODE[code] ?? (section === "bindings" && rest.endsWith("/expression") ? dropsExpression : undefined);
}

/** What can be done about a finding at once; null when a person has to decide more. */
export function fixOf(finding: Finding, document: TwinDocument, types: Types): Fix | null {
  const [section = "", key = "", ...rest] = finding.place.split("/");
  const mender = menderFor(finding.code.replace(/^twin\./, ""), section, rest.join("/"));
  const operations = mender?.mend({ document, types, finding, key, rest: rest.join("/") }) ?? [];
  return mender && operations.length > 0 ? { words: mender.words(), operations } : null;
}

/** What mends all of some findings, one after the other: what one has mended of another is not done again. */
export function fixAll(findings: readonly Finding[], document: TwinDocument, types: Types): Operation[] {
  const all: Operation[] = [];
  for (const finding of findings) {
    const fix = fixOf(finding, document, types);
    if (!fix) continue;
    const [after, fitting] = applyFitting(document, fix.operations);
    document = after;
    all.push(...fitting);
  }
  return all;
}

/** The fields of an asset that are told by their own name. */
const OWN_FIELDS = new Set(["name", "type", "group", "part_of"]);

/** The field of an asset where a finding can be put right by hand; null when it has none. */
export function fieldOf(finding: Finding, document: TwinDocument): Field | null {
  const [section, asset, field, key] = finding.place.split("/");
  if (!asset || !document.assets[asset]) return null;
  if (section === "bindings" || finding.code === "twin.unbound_signals") return { asset, field: "signals" };
  if (section !== "assets" || !field) return null;
  if (field === "properties") return { asset, field: `properties/${key ?? ""}` };
  return OWN_FIELDS.has(field) ? { asset, field } : null;
}
