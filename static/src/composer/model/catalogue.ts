/** Asset types as the palette needs them, and which ports may be linked. */
import type { End, TwinDocument, Value } from "./document.ts";

export interface Port {
  accepts: string[];
  max?: number | null;
}

export interface PropertyType {
  type: "number" | "integer" | "text" | "boolean" | "object" | "map" | "array";
  name?: Record<string, string> | null;
  unit?: string | null;
  minimum?: string | null;
  maximum?: string | null;
  choices?: string[];
  choice_names?: Record<string, Record<string, string>>;
  format?: "date" | "time" | "date-time" | "duration" | null;
  /** What an object holds. */
  fields?: Record<string, PropertyType>;
  /** What an array holds, or what stands behind each key of a map. */
  of?: PropertyType | null;
  /** What holds for an asset that does not say it. */
  default?: Value | null;
  required?: boolean;
  /** Where its bounds are from. */
  source?: string | null;
}

export interface SignalType {
  name?: Record<string, string> | null;
  unit: string;
  /** Smallest and largest credible value. */
  range?: [string, string] | null;
  /** Seconds after which a reading says nothing about now; null where nobody says how often one comes. */
  patience?: number | null;
}

/** A part of an asset that is an asset of a type of its own. */
export interface ComponentType {
  type: string;
  name?: Record<string, string> | null;
  /** The smallest and largest number of them. */
  count?: [number, number];
}

/** A kind of link that a type speaks of. */
export interface RelationshipType {
  name?: Record<string, string> | null;
  targets?: string[];
  /** How many links of this kind an asset may begin. */
  max?: number | null;
}

export interface AssetType {
  key: string;
  version: number;
  name: string | Record<string, string>;
  icon?: string | null;
  ports: Record<string, Port>;
  signals: Record<string, SignalType>;
  abstract: boolean;
  properties?: Record<string, PropertyType>;
  /** What is worked out from its signals. */
  derived?: Record<string, SignalType>;
  components?: Record<string, ComponentType>;
  relationships?: Record<string, RelationshipType>;
  /** References of the type itself and of all that it extends, through others too. */
  lineage?: string[];
  /** The newest version of it, when this is not it. */
  outdated_by?: string | null;
  deprecated?: { reason?: string | null; successor?: string | null } | null;
}

export type Types = ReadonlyMap<string, AssetType>;

/** `key@version`, by which an asset names its type. */
export function reference(type: AssetType): string {
  return `${type.key}@${type.version}`;
}

/** A text that may come in several languages, in the one of the page, else in English, else in any. */
export function inLanguage(text: string | Record<string, string> | null | undefined, language: string): string {
  if (typeof text === "string" || !text) return text ?? "";
  return text[language] ?? text[language.split("-")[0] ?? ""] ?? text.en ?? Object.values(text)[0] ?? "";
}

/** A type as it is shown and may be typed: its name with the version. */
export function typeInWords(type: AssetType | undefined, ref: string, language: string): string {
  return type ? `${inLanguage(type.name, language)} @${type.version}` : ref;
}

/** The newest version of each type that can be placed, by name. */
export function placeable(types: Types, language: string): AssetType[] {
  const newest = new Map<string, AssetType>();
  for (const type of types.values()) {
    const known = newest.get(type.key);
    if (!type.abstract && (!known || known.version < type.version)) newest.set(type.key, type);
  }
  const name = (type: AssetType): string => inLanguage(type.name, language);
  const { compare } = new Intl.Collator(language);
  return [...newest.values()].sort((one, other) => compare(name(one), name(other)));
}

/** A name for the next asset of a type: its own name with the first free number. */
export function nextName(document: TwinDocument, name: string): string {
  const taken = new Set(Object.values(document.assets).map((asset) => asset.name));
  let number = 1;
  while (taken.has(`${name} ${number}`)) number += 1;
  return `${name} ${number}`;
}

const INWARD = /^(in|input|inlet|suction|intake|supply|feed|return|drain)(_|$)|_(in|input|inlet)$/;

/** Whether a port is one that things come in by, going by its name; it is drawn on the left. */
export function isInward(port: string): boolean {
  return INWARD.test(port);
}

function portAt(document: TwinDocument, types: Types, [asset, port]: End): Port | undefined {
  return types.get(document.assets[asset]?.type ?? "")?.ports[port];
}

const same = (one: End, other: End): boolean => one[0] === other[0] && one[1] === other[1];

function isFull(document: TwinDocument, end: End, port: Port): boolean {
  if (port.max == null) return false;
  return Object.values(document.links).filter((link) => same(link.from, end) || same(link.to, end)).length >= port.max;
}

/** Whether a link from one end to the other is allowed: both take something in common, have room, and are not linked yet. */
export function mayLink(document: TwinDocument, types: Types, from: End, to: End): boolean {
  if (from[0] === to[0]) return false;
  const [one, other] = [portAt(document, types, from), portAt(document, types, to)];
  if (!one || !other || !one.accepts.some((medium) => other.accepts.includes(medium))) return false;
  const linked = Object.values(document.links).some(
    (link) => (same(link.from, from) && same(link.to, to)) || (same(link.from, to) && same(link.to, from)),
  );
  return !linked && !isFull(document, from, one) && !isFull(document, to, other);
}

/** Every end that a link from `from` may have, in the order of the assets; the links are counted once for all of them. */
export function targets(document: TwinDocument, types: Types, from: End): End[] {
  const own = portAt(document, types, from);
  if (!own || isFull(document, from, own)) return [];
  const links = new Map<string, number>();
  const linked = new Set<string>();
  for (const link of Object.values(document.links)) {
    for (const end of [link.from, link.to]) links.set(end.join("/"), (links.get(end.join("/")) ?? 0) + 1);
    if (same(link.from, from)) linked.add(link.to.join("/"));
    if (same(link.to, from)) linked.add(link.from.join("/"));
  }
  return Object.entries(document.assets).flatMap(([id, asset]) =>
    Object.entries(types.get(asset.type)?.ports ?? {}).flatMap(([name, port]): End[] => {
      const end = `${id}/${name}`;
      const fits = id !== from[0] && own.accepts.some((medium) => port.accepts.includes(medium));
      const hasRoom = port.max == null || (links.get(end) ?? 0) < port.max;
      return fits && hasRoom && !linked.has(end) ? [[id, name]] : [];
    }),
  );
}

/** The ends in the direction of the flow: out of one asset, into the other, however the line was drawn. */
export function inFlow(from: End, to: End): [End, End] {
  return isInward(from[1]) && !isInward(to[1]) ? [to, from] : [from, to];
}
