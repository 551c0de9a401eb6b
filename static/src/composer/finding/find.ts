/** Finding assets by what one knows of them: words, and filters such as `type:pump` or `is:unbound`. */
import { gettext } from "../../common/gettext.ts";
import { inLanguage, type AssetType, type Types } from "../model/catalogue.ts";
import type { Asset, Finding, TwinDocument } from "../model/document.ts";
import { textOfValue } from "../model/values.ts";

/** One part of a query: a word, or a filter with its value; a minus before it turns it round. */
interface Clue {
  filter: string;
  value: string;
  isTurned: boolean;
}

type Fits = (id: string, asset: Asset) => boolean;

/** What is looked through. */
interface Sources {
  document: TwinDocument;
  types: Types;
  findings: Finding[];
}

const FILTERS = ["is", "type", "signal", "group", "key"];
/** What may follow `is:`. */
export const CONDITIONS = ["invalid", "unbound", "unlinked", "unused", "outdated"];

/** The asset that a finding is about, by its id; empty when it is about none. */
export function assetOfFinding(finding: Finding, document: TwinDocument): string {
  const [section, id = ""] = finding.place.split("/");
  if (section === "links") return document.links[id]?.from[0] ?? "";
  return (section === "assets" || section === "bindings") && document.assets[id] ? id : "";
}

/** What is said where no findings are. */
export function nothingFound(isJudged: boolean): string {
  return isJudged ? gettext("Nothing is wrong with this draft.") : gettext("This draft is being looked through.");
}

/** The findings of each asset. */
export function findingsByAsset(findings: Finding[], document: TwinDocument): Map<string, Finding[]> {
  const byAsset = new Map<string, Finding[]>();
  for (const finding of findings) {
    const id = assetOfFinding(finding, document);
    const known = byAsset.get(id);
    if (known) known.push(finding);
    else if (id) byAsset.set(id, [finding]);
  }
  return byAsset;
}

function clueOf(part: string): Clue {
  const isTurned = part.startsWith("-") && part.length > 1;
  const text = isTurned ? part.slice(1) : part;
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(0, colon));
  const isFilter = FILTERS.includes(name);
  const value = (isFilter ? text.slice(colon + 1) : text).replaceAll('"', "");
  return { filter: isFilter ? name : "", value, isTurned };
}

/** The parts of a query; what stands in quotation marks holds together. */
function cluesOf(query: string): Clue[] {
  const parts = query.toLocaleLowerCase().match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  return parts.map(clueOf).filter((clue) => clue.value !== "");
}

function textOf(asset: Asset): string {
  return [
    asset.name,
    asset.type,
    ...Object.entries(asset.properties).map(([key, value]) => `${key}=${textOfValue(value)}`),
  ]
    .join(" ")
    .toLocaleLowerCase();
}

function wordsOf(texts: AssetType["name"] | null | undefined): string {
  const all = typeof texts === "string" ? texts : Object.values(texts ?? {}).join(" ");
  return all.toLocaleLowerCase();
}

/** The references of the types that a word means: by key, by name in any language, by what they extend. */
function typesNamed(types: Types, value: string): Set<string> {
  const fits = ([ref, type]: [string, AssetType]): boolean =>
    ref === value || [type.key, wordsOf(type.name), ...(type.lineage ?? [])].some((text) => text.includes(value));
  return new Set([...types].filter(fits).map(([ref]) => ref));
}

function ofType({ types }: Sources, value: string): Fits {
  const refs = typesNamed(types, value);
  return (_id, asset) => refs.has(asset.type) || asset.type.includes(value);
}

function ofSignal({ types }: Sources, value: string): Fits {
  const refs = new Set(
    [...types]
      .filter(([, type]) =>
        Object.entries(type.signals).some(
          ([key, signal]) => key.includes(value) || wordsOf(signal.name).includes(value),
        ),
      )
      .map(([ref]) => ref),
  );
  return (_id, asset) => refs.has(asset.type);
}

function ofGroup({ document }: Sources, value: string): Fits {
  const keys = new Set(
    Object.entries(document.groups)
      .filter(([key, group]) => key.includes(value) || group.name.toLocaleLowerCase().includes(value))
      .map(([key]) => key),
  );
  return (_id, asset) => asset.group != null && (keys.has(asset.group) || asset.group.includes(value));
}

function ofKey({ document }: Sources, value: string): Fits {
  const assets = new Set(
    Object.entries(document.bindings)
      .filter(([, binding]) => binding.key.toLocaleLowerCase().includes(value))
      .map(([place]) => place.split("/")[0]),
  );
  return (id) => assets.has(id);
}

function linkedAssets(document: TwinDocument): Set<string> {
  return new Set(Object.values(document.links).flatMap((link) => [link.from[0], link.to[0]]));
}

function unbound({ document, types }: Sources): Fits {
  return (id, asset) =>
    Object.keys(types.get(asset.type)?.signals ?? {}).some((signal) => !document.bindings[`${id}/${signal}`]);
}

/** Nothing is linked with it, nothing is read for it, and it is no part of another. */
function unused({ document }: Sources): Fits {
  const used = linkedAssets(document);
  for (const place of Object.keys(document.bindings)) used.add(place.split("/")[0] ?? "");
  for (const asset of Object.values(document.assets)) if (asset.part_of) used.add(asset.part_of[0]);
  return (id, asset) => !used.has(id) && !asset.part_of;
}

function inCondition(sources: Sources, value: string): Fits {
  const { document, types, findings } = sources;
  switch (value) {
    case "invalid": {
      const wrong = findingsByAsset(
        findings.filter((finding) => finding.severity !== "hint"),
        document,
      );
      return (id) => wrong.has(id);
    }
    case "unlinked": {
      const linked = linkedAssets(document);
      return (id) => !linked.has(id);
    }
    case "unbound":
      return unbound(sources);
    case "unused":
      return unused(sources);
    case "outdated":
      return (_id, asset) => Boolean(types.get(asset.type)?.outdated_by);
    default:
      return () => false;
  }
}

const MEANINGS: Record<string, (sources: Sources, value: string) => Fits> = {
  is: inCondition,
  type: ofType,
  signal: ofSignal,
  group: ofGroup,
  key: ofKey,
};

function fitsOf(sources: Sources, clue: Clue): Fits {
  const fits = MEANINGS[clue.filter]?.(sources, clue.value) ?? ((_id, asset) => textOf(asset).includes(clue.value));
  return clue.isTurned ? (id, asset) => !fits(id, asset) : fits;
}

/**
 * The ids of the assets that fit all parts of a query: words in the name, type or properties; `is:invalid` with an
 * error, `is:unbound` with a signal that is not read, `is:unlinked`, `is:unused`, `is:outdated` where the type has a
 * newer version; `type:`, `signal:`, `group:` and `key:` (of a gateway) by a part of the name. Nothing typed finds nothing.
 */
export function find(document: TwinDocument, types: Types, findings: Finding[], query: string): string[] {
  const tests = cluesOf(query).map((clue) => fitsOf({ document, types, findings }, clue));
  if (tests.length === 0) return [];
  return Object.entries(document.assets)
    .filter(([id, asset]) => tests.every((fits) => fits(id, asset)))
    .map(([id]) => id);
}

const quoted = (text: string): string => (/\s/.test(text) ? `"${text}"` : text);

function offersFor(filter: string, { document, types }: Sources, language: string): string[] {
  const placed = new Set(Object.values(document.assets).map((asset) => asset.type));
  const used = [...types].filter(([ref]) => placed.has(ref)).map(([, type]) => type);
  switch (filter) {
    case "is":
      return CONDITIONS;
    case "type":
      return used.map((type) => inLanguage(type.name, language) || type.key);
    case "signal":
      return used.flatMap((type) => Object.keys(type.signals));
    case "group":
      return Object.values(document.groups).map((group) => group.name);
    default:
      return [];
  }
}

/** What the last word of a query may become: the filters there are, then the values that one has; whole queries. */
export function completions(document: TwinDocument, types: Types, query: string, language: string): string[] {
  const last = /(?:[^\s"]|"[^"]*"?)*$/.exec(query)?.[0] ?? "";
  const before = query.slice(0, query.length - last.length);
  const minus = last.startsWith("-") ? "-" : "";
  const text = last.slice(minus.length).toLocaleLowerCase();
  const [name = "", value] = text.split(/:(.*)/s);
  if (value === undefined)
    return FILTERS.filter((filter) => filter.startsWith(name)).map((filter) => `${before}${minus}${filter}:`);
  const offers = new Set(offersFor(name, { document, types, findings: [] }, language));
  const wanted = value.replaceAll('"', "");
  return [...offers]
    .filter((offer) => offer.toLocaleLowerCase().includes(wanted) && quoted(offer.toLocaleLowerCase()) !== value)
    .map((offer) => `${before}${minus}${name}:${quoted(offer)} `);
}
