/** Which assets another one can be a component of. */
import { inLanguage, type ComponentType, type Types } from "./catalogue.ts";
import { suits } from "./components.ts";
import type { Asset, TwinDocument, Whole } from "./document.ts";

export interface Possibility {
  whole: Whole;
  /** The asset and its component in words. */
  words: string;
}

/** How deep components are followed; more would be a ring. */
const DEEPEST = 50;

function isBelow(document: TwinDocument, asset: string, owner: string): boolean {
  for (let at: string | undefined = owner, steps = 0; at && steps < DEEPEST; steps += 1) {
    if (at === asset) return true;
    at = document.assets[at]?.part_of?.[0];
  }
  return false;
}

/** How many assets each component of each asset has, by `ASSET/COMPONENT`. */
function taken(document: TwinDocument): Map<string, number> {
  const count = new Map<string, number>();
  for (const { part_of } of Object.values(document.assets))
    if (part_of) count.set(part_of.join("/"), (count.get(part_of.join("/")) ?? 0) + 1);
  return count;
}

/** Every component of another asset that suits an asset and has room, with what it is now, by name; at most `most`. */
export function possibleWholes(
  document: TwinDocument,
  types: Types,
  asset: string,
  language: string,
  most = 300,
): Possibility[] {
  const type = types.get(document.assets[asset]?.type ?? "");
  const now = document.assets[asset]?.part_of?.join("/");
  const used = taken(document);
  const hasRoom = (place: string, component: ComponentType): boolean =>
    place === now || (used.get(place) ?? 0) < (component.count?.[1] ?? 1);
  const fitting = (owner: string, { name, type: ref }: Asset): Possibility[] =>
    Object.entries(types.get(ref)?.components ?? {})
      .filter(([key, component]) => suits(type, component) && hasRoom(`${owner}/${key}`, component))
      .map(([key, component]) => {
        const word = inLanguage(component.name, language) || key.replaceAll("_", " ");
        return { whole: [owner, key], words: `${name}, ${word}` };
      });
  const found: Possibility[] = [];
  for (const [owner, each] of Object.entries(document.assets)) {
    const ways = fitting(owner, each);
    if (ways.length > 0 && !isBelow(document, asset, owner)) found.push(...ways);
    if (found.length >= most) break;
  }
  const order = new Intl.Collator(language, { numeric: true });
  return found.sort((one, other) => order.compare(one.words, other.words));
}
