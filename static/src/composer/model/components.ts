/** Assets that are components of others: what comes along with a new one, and what may become part of what. */
import { inLanguage, nextName, reference, type AssetType, type ComponentType, type Types } from "./catalogue.ts";
import type { Operation, Position, TwinDocument, Whole } from "./document.ts";
import { heightOf, WIDTH } from "./geometry.ts";
import { groupKey } from "./groups.ts";
import { apply } from "./operations.ts";

/** Room between an asset and what it is made of. */
const GAP = 40;
/** A type that has itself as a component would go on for ever; nobody draws more at once either. */
const MOST = 200;

export interface NewAsset {
  id: string;
  type: AssetType;
  at: Position;
  /** The asset that it is a component of. */
  part_of?: Whole | null;
}

/** What making new assets takes. */
export interface Making {
  newId: () => string;
  /** The language that their names are in. */
  language: string;
}

interface Part {
  id: string;
  type: AssetType;
  name: string;
  at: Position;
  part_of: Whole;
}

function minimumOf(component: ComponentType): number {
  return component.count?.[0] ?? 1;
}

/** Whether an asset of a type may be this component: of its very type, or of one that extends it. */
export function suits(type: AssetType | undefined, component: ComponentType): boolean {
  const wanted = component.type.split("@")[0] ?? "";
  return (
    type !== undefined && (type.key === wanted || (type.lineage ?? []).some((ref) => ref.split("@")[0] === wanted))
  );
}

/** The types of the components that a type needs, each as often as it needs it. */
function neededOf(
  types: Types,
  type: AssetType,
  language: string,
): { key: string; of: AssetType; word: string; number: string }[] {
  return Object.entries(type.components ?? {}).flatMap(([key, component]) => {
    const of = types.get(component.type);
    const count = Math.min(minimumOf(component), MOST);
    if (!of || of.abstract) return [];
    const word = inLanguage(component.name ?? of.name, language) || key;
    return Array.from({ length: count }, (_, index) => ({ key, of, word, number: count > 1 ? ` ${index + 1}` : "" }));
  });
}

/** What a new asset needs to be complete, below it from left to right, with what that needs in its turn. */
function needed(types: Types, whole: NewAsset, name: string, { newId, language }: Making): Part[] {
  const parts: Part[] = [];
  const ask = ({ id, type, at }: NewAsset, called: string, above: readonly string[]): void => {
    let x = at[0];
    for (const { key, of, word, number } of neededOf(types, type, language)) {
      if (parts.length >= MOST || above.includes(reference(of))) continue;
      const part: Part = {
        id: newId(),
        type: of,
        name: `${called} ${word.toLocaleLowerCase(language)}${number}`.slice(0, 200),
        at: [x, at[1] + heightOf(type) + GAP],
        part_of: [id, key],
      };
      parts.push(part);
      ask(part, part.name, [...above, reference(of)]);
      x += WIDTH + GAP;
    }
  };
  ask(whole, name, [reference(whole.type)]);
  return parts;
}

/** The operations that add an asset with the components that its type needs, all of them in a group when there are any. */
export function adding(document: TwinDocument, types: Types, whole: NewAsset, making: Making): Operation[] {
  const { id, type, at, part_of } = whole;
  const name = nextName(document, inLanguage(type.name, making.language) || type.key);
  const parts = needed(types, whole, name, making);
  const owner = part_of && document.assets[part_of[0]];
  const group = parts.length > 0 ? groupKey(making.newId()) : owner?.group;
  const inGroup = group != null ? { group } : {};
  return [
    ...(parts.length > 0 && group != null ? [{ op: "add_group", group, name } as const] : []),
    {
      op: "add_asset",
      asset: id,
      type: reference(type),
      name,
      at,
      properties: {},
      ...inGroup,
      ...(part_of ? { part_of } : {}),
    },
    ...parts.map((part): Operation => ({
      op: "add_asset",
      asset: part.id,
      type: reference(part.type),
      name: part.name,
      at: part.at,
      properties: {},
      part_of: part.part_of,
      ...inGroup,
    })),
  ];
}

/** How many assets each component of an asset has. */
function taken(document: TwinDocument, owner: string): Map<string, number> {
  const count = new Map<string, number>();
  for (const { part_of } of Object.values(document.assets))
    if (part_of?.[0] === owner) count.set(part_of[1], (count.get(part_of[1]) ?? 0) + 1);
  return count;
}

/** The components of an asset that have room for another one. */
export function openComponents(document: TwinDocument, types: Types, owner: string): [string, ComponentType][] {
  const count = taken(document, owner);
  const type = types.get(document.assets[owner]?.type ?? "");
  return Object.entries(type?.components ?? {}).filter(
    ([key, component]) => (count.get(key) ?? 0) < (component.count?.[1] ?? 1),
  );
}

/** The component of an asset that another type of asset can become: the first that it suits and that has room. */
export function componentFor(document: TwinDocument, types: Types, owner: string, type: AssetType): Whole | null {
  const found = openComponents(document, types, owner).find(([, component]) => suits(type, component));
  return found ? [owner, found[0]] : null;
}

/** Whether an asset is the other one or one of its components, however deep. */
function isWithin(document: TwinDocument, asset: string, whole: string): boolean {
  for (let at: string | undefined = asset, steps = 0; at && steps < MOST; steps += 1) {
    if (at === whole) return true;
    at = document.assets[at]?.part_of?.[0];
  }
  return false;
}

/**
 * The operations that make the other selected assets components of the one among them that has room for them all; none
 * when there is no such asset, or more than one.
 */
export function attaching(document: TwinDocument, types: Types, assets: readonly string[]): Operation[] {
  const ways = assets.map((owner) => attachingTo(document, types, owner, assets)).filter((way) => way.length > 0);
  return ways.length === 1 ? (ways[0] ?? []) : [];
}

function attachingTo(document: TwinDocument, types: Types, owner: string, assets: readonly string[]): Operation[] {
  let after = document;
  const operations: Operation[] = [];
  for (const asset of assets) {
    if (asset === owner) continue;
    const type = types.get(document.assets[asset]?.type ?? "");
    const part_of = type && componentFor(after, types, owner, type);
    if (!part_of || isWithin(document, owner, asset) || document.assets[asset]?.part_of) return [];
    operations.push({ op: "attach", asset, part_of });
    // The next one finds one place less.
    after = apply(after, { op: "attach", asset, part_of });
  }
  return operations;
}

/** The operations that make assets stand on their own. */
export function detaching(document: TwinDocument, assets: Iterable<string>): Operation[] {
  return [...assets]
    .filter((asset) => document.assets[asset]?.part_of)
    .map((asset): Operation => ({ op: "attach", asset, part_of: null }));
}
