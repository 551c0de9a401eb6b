/** Asset types as the palette needs them, and which ports may be linked. */
import type { End, TwinDocument } from "./document.ts";

export interface Port {
  accepts: string[];
  max?: number | null;
}

export interface PropertyType {
  type: "number" | "integer" | "text" | "boolean";
  name?: Record<string, string> | null;
  unit?: string | null;
  minimum?: string | null;
  maximum?: string | null;
  choices?: string[];
  required?: boolean;
}

export interface SignalType {
  name?: Record<string, string> | null;
  unit: string;
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

/** The newest version of each type that can be placed, by name. */
export function placeable(types: Types, language: string): AssetType[] {
  const newest = new Map<string, AssetType>();
  for (const type of types.values()) {
    const known = newest.get(type.key);
    if (!type.abstract && (!known || known.version < type.version)) newest.set(type.key, type);
  }
  const name = (type: AssetType): string => inLanguage(type.name, language);
  return [...newest.values()].sort((one, other) => name(one).localeCompare(name(other), language));
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

/** Every end that a link from `from` may have, in the order of the assets. */
export function targets(document: TwinDocument, types: Types, from: End): End[] {
  return Object.entries(document.assets).flatMap(([id, asset]) =>
    Object.keys(types.get(asset.type)?.ports ?? {})
      .map((port): End => [id, port])
      .filter((to) => mayLink(document, types, from, to)),
  );
}

/** The ends in the direction of the flow: out of one asset, into the other, however the line was drawn. */
export function inFlow(from: End, to: End): [End, End] {
  return isInward(from[1]) && !isInward(to[1]) ? [to, from] : [from, to];
}
