/** What becomes of assets when their type becomes another one: told before it is done. */
import { gettext } from "../../common/gettext.ts";
import { inLanguage, type AssetType, type PropertyType, type Types } from "./catalogue.ts";
import type { Asset, Operation, TwinDocument } from "./document.ts";
import { successorOf } from "../finding/fixes.ts";
import { textOfValue, wrongWith } from "./values.ts";

/** Something that changes: `safe` needs nobody, `asks` a value, `breaks` what is there now. */
export interface Effect {
  kind: "safe" | "asks" | "breaks";
  words: string;
  /** What takes away that which no longer fits. */
  tidying: Operation[];
}

/** Some assets and the type that they are to become. */
export type Upgrade = Map<string, string>;

/** Which of some assets have a newer type, and which. */
export function upgradesOf(document: TwinDocument, types: Types, assets: readonly string[]): Upgrade {
  return new Map(
    assets.flatMap((id): [string, string][] => {
      const type = document.assets[id]?.type;
      const next = type === undefined ? null : successorOf(types, type);
      return next ? [[id, next]] : [];
    }),
  );
}

const nameOf = (key: string, part: { name?: PropertyType["name"] } | undefined, language: string): string =>
  inLanguage(part?.name, language) || key.replaceAll("_", " ");

function propertyEffects(id: string, asset: Asset, to: AssetType, language: string): Effect[] {
  const effects: Effect[] = [];
  const known = to.properties ?? {};
  for (const [property, value] of Object.entries(asset.properties)) {
    const definition = known[property];
    const name = nameOf(property, definition, language);
    const tidying: Operation[] = [{ op: "set_property", asset: id, property, value: null }];
    if (!definition)
      effects.push({ kind: "breaks", words: gettext("{name} is no property any more", { name }), tidying });
    else if (wrongWith(textOfValue(value), definition))
      effects.push({ kind: "breaks", words: gettext("The value of {name} does not fit any more", { name }), tidying });
  }
  for (const [property, definition] of Object.entries(known))
    if (definition.required && definition.default == null && asset.properties[property] === undefined) {
      const name = nameOf(property, definition, language);
      effects.push({ kind: "asks", words: gettext("{name} needs a value", { name }), tidying: [] });
    }
  return effects;
}

function signalEffects(id: string, document: TwinDocument, to: AssetType, language: string): Effect[] {
  return Object.keys(document.bindings)
    .filter((place) => place.startsWith(`${id}/`) && !to.signals[place.slice(id.length + 1)])
    .map((place) => {
      const name = nameOf(place.slice(id.length + 1), undefined, language);
      const words = gettext("{name} is no signal any more and is not read", { name });
      return { kind: "breaks", words, tidying: [{ op: "unbind", place }] };
    });
}

function linkEffects(id: string, document: TwinDocument, to: AssetType): Effect[] {
  return Object.entries(document.links).flatMap(([link, { from, to: target }]): Effect[] => {
    const port = [from, target].find((end) => end[0] === id && !to.ports[end[1]])?.[1];
    if (port === undefined) return [];
    const words = gettext("{name} is no port any more and its links end", { name: port.replaceAll("_", " ") });
    return [{ kind: "breaks", words, tidying: [{ op: "unlink", link }] }];
  });
}

function fresh(kind: Effect["kind"], words: string): Effect {
  return { kind, words, tidying: [] };
}

function newEffects(from: AssetType | undefined, to: AssetType, language: string): Effect[] {
  if (!from) return [];
  return [
    ...Object.entries(to.properties ?? {})
      .filter(([key]) => !from.properties?.[key])
      .map(([key, part]) => fresh("safe", gettext("{name} is a new property", { name: nameOf(key, part, language) }))),
    ...Object.entries(to.signals)
      .filter(([key]) => !from.signals[key])
      .map(([key, part]) => fresh("safe", gettext("{name} is a new signal", { name: nameOf(key, part, language) }))),
  ];
}

/** What changes for one asset when it becomes one of another type. */
export function effectsOf(document: TwinDocument, types: Types, id: string, ref: string, language: string): Effect[] {
  const [asset, to] = [document.assets[id], types.get(ref)];
  if (!asset || !to) return [];
  return [
    ...propertyEffects(id, asset, to, language),
    ...signalEffects(id, document, to, language),
    ...linkEffects(id, document, to),
    ...newEffects(types.get(asset.type), to, language),
  ];
}

/** An effect, and for how many assets it is one. */
export interface Summed {
  kind: Effect["kind"];
  words: string;
  count: number;
}

const ORDER: Effect["kind"][] = ["breaks", "asks", "safe"];

/** What changes for some assets, the worst first, each with the number of assets. */
export function summary(document: TwinDocument, types: Types, upgrade: Upgrade, language: string): Summed[] {
  const found = new Map<string, Summed>();
  for (const [id, ref] of upgrade)
    for (const { kind, words } of effectsOf(document, types, id, ref, language)) {
      const known = found.get(`${kind} ${words}`);
      if (known) known.count += 1;
      else found.set(`${kind} ${words}`, { kind, words, count: 1 });
    }
  return [...found.values()].sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
}

/** The operations that give assets their new types, and when it `tidies` take away what no longer fits. */
export function upgrading(
  document: TwinDocument,
  types: Types,
  upgrade: Upgrade,
  tidies: boolean,
  language: string,
): Operation[] {
  const gone = new Set<string>();
  return [...upgrade].flatMap(([asset, type]): Operation[] => {
    const tidying = tidies ? effectsOf(document, types, asset, type, language).flatMap((effect) => effect.tidying) : [];
    // A link between two of the assets ends once.
    const once = tidying.filter((operation) => {
      const isNew = operation.op !== "unlink" || !gone.has(operation.link);
      if (operation.op === "unlink") gone.add(operation.link);
      return isNew;
    });
    return [{ op: "set_type", asset, type }, ...once];
  });
}

/** The icon of a kind of effect. */
export function effectIcon(kind: Effect["kind"]): string {
  return { breaks: "alert-triangle", asks: "pencil", safe: "circle-check" }[kind];
}
