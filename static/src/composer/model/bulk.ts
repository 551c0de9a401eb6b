/** Editing many assets at once: what they have in common, and names by a pattern. */
import type { PropertyType, Types } from "./catalogue.ts";
import type { Asset, Operation, TwinDocument, Value } from "./document.ts";

/** A property that all of some assets may have. */
export interface CommonProperty {
  key: string;
  definition: PropertyType;
  /** What all of them say; undefined when they differ, null when none says anything. */
  value: Value | null | undefined;
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** What all say, or undefined when they differ. */
export function commonOf<Thing>(things: readonly Thing[]): Thing | undefined {
  const [first] = things;
  return things.every((thing) => same(thing, first)) ? first : undefined;
}

function fits(one: PropertyType, other: PropertyType | undefined): boolean {
  return one.type === other?.type && (one.unit ?? "") === (other.unit ?? "") && same(one.choices, other.choices);
}

/** The properties that the types of all these assets have, alike in what they may be. */
export function commonProperties(assets: readonly Asset[], types: Types): CommonProperty[] {
  const kinds = [...new Set(assets.map((asset) => asset.type))].map((ref) => types.get(ref)?.properties ?? {});
  return Object.entries(kinds[0] ?? {})
    .filter(([key, definition]) => kinds.every((kind) => fits(definition, kind[key])))
    .map(([key, definition]) => ({
      key,
      definition,
      value: commonOf(assets.map((asset) => asset.properties[key] ?? null)),
    }));
}

/** The operations that give a property of all these assets a value, or take it away. */
export function setForAll(
  document: TwinDocument,
  assets: readonly string[],
  property: string,
  value: Value | null,
): Operation[] {
  return assets
    .filter((id) => document.assets[id] && !same(document.assets[id].properties[property], value))
    .map((asset): Operation => ({ op: "set_property", asset, property, value }));
}

/** Assets as one reads them: row by row from the top, each from the left. */
export function asTheyLie(document: TwinDocument, assets: readonly string[]): string[] {
  const at = (id: string): [number, number] => document.assets[id]?.at ?? [0, 0];
  return [...assets].sort((one, other) => at(one)[1] - at(other)[1] || at(one)[0] - at(other)[0]);
}

/** Assets by their names, numbers in them by their size. */
export function byName(document: TwinDocument, assets: readonly string[], language: string): string[] {
  const collator = new Intl.Collator(language, { numeric: true });
  const name = (id: string): string => document.assets[id]?.name ?? "";
  return [...assets].sort((one, other) => collator.compare(name(one), name(other)));
}

/** The number for `#`, with as many digits as there are signs at least. */
function numbered(pattern: string, number: number): string {
  return pattern.replace(/#+/g, (signs) => String(number).padStart(signs.length, "0"));
}

/**
 * New names for assets in their order: `#` in the pattern is a number that counts up, as many digits as there are
 * signs; `{name}` what an asset is called now. Without a number all but the first get one at the end.
 */
export function renamed(names: readonly string[], pattern: string, first: number): string[] {
  const text = pattern.trim();
  const hasOwn = text.includes("#") || text.includes("{name}");
  return names.map((name, index) => {
    const number = first + index;
    const base = hasOwn || index === 0 ? text : `${text} ${index + 1}`;
    return numbered(base, number).replaceAll("{name}", name).slice(0, 200);
  });
}

/** The operations that give assets new names, in their order; those that are called so already are left alone. */
export function renaming(document: TwinDocument, assets: readonly string[], names: readonly string[]): Operation[] {
  return assets.flatMap((asset, index): Operation[] => {
    const name = names[index];
    return name && document.assets[asset] && document.assets[asset].name !== name
      ? [{ op: "rename", asset, name }]
      : [];
  });
}
