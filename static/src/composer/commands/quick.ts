/** Adding by typing: what is offered, and what adding it takes besides the asset itself. */
import {
  inFlow,
  inLanguage,
  isInward,
  mayLink,
  placeable,
  reference,
  type AssetType,
  type Types,
} from "../model/catalogue.ts";
import { adding, componentFor, openComponents, suits, type Making } from "../model/components.ts";
import type { End, Operation, Position, TwinDocument } from "../model/document.ts";

/** What a new asset is joined to when it is added. */
export interface Joined {
  /** The port that it is linked with. */
  from?: End | null | undefined;
  /** The asset that it becomes a component of. */
  owner?: string | null | undefined;
}

/** What links are called when nobody says otherwise. */
export const KIND = "feeds";

export interface Offer {
  type: AssetType;
  label: string;
  /** For telling offers apart where they are ranked with others. */
  kind: string;
}

/** A stand-in for the asset that is to be added, to ask what it could be linked with. */
const NEW = "new";

function linkable(document: TwinDocument, types: Types, type: AssetType, from: End): string | undefined {
  const asset = { type: reference(type), name: NEW, at: [0, 0] as Position, properties: {} };
  const withNew = { ...document, assets: { ...document.assets, [NEW]: asset } };
  const possible = Object.keys(type.ports).filter((port) => mayLink(withNew, types, from, [NEW, port]));
  // What comes out of one goes into the other.
  return possible.find((port) => isInward(port) !== isInward(from[1])) ?? possible[0];
}

/** The types that can be added, by name: only those that can be joined to what is asked for. */
export function offers(document: TwinDocument, types: Types, language: string, { from, owner }: Joined): Offer[] {
  const open = owner ? openComponents(document, types, owner) : [];
  const one = from && onePort(document, from);
  return placeable(types, language)
    .filter((type) => !one || linkable(one, types, type, from))
    .filter((type) => !owner || open.some(([, component]) => suits(type, component)))
    .map((type) => ({ type, label: `${inLanguage(type.name, language)} ${type.key}`, kind: "" }));
}

/** The document as far as it says whether a port has room: with a thousand links, asking each type would take long. */
function onePort(document: TwinDocument, [asset, port]: End): TwinDocument {
  const links = Object.entries(document.links).filter(([, { from, to }]) =>
    [from, to].some((end) => end[0] === asset && end[1] === port),
  );
  const own = document.assets[asset];
  return { ...document, assets: own ? { [asset]: own } : {}, links: Object.fromEntries(links) };
}

export interface Addition extends Joined {
  id: string;
  type: AssetType;
  at: Position;
}

/** The operations that add an asset with its components and its link, all of it one step. */
export function additions(
  document: TwinDocument,
  types: Types,
  { id, type, at, from, owner }: Addition,
  making: Making,
): Operation[] {
  const part_of = owner ? componentFor(document, types, owner, type) : null;
  const added = adding(document, types, { id, type, at, part_of }, making);
  const port = from && linkable(document, types, type, from);
  if (!port) return added;
  const [one, other] = inFlow(from, [id, port]);
  return [...added, { op: "link", link: making.newId(), from: one, to: other, kind: KIND }];
}

/** The name that an added asset got. */
export function nameIn(operations: readonly Operation[], id: string): string {
  const added = operations.find((operation) => operation.op === "add_asset" && operation.asset === id);
  return added?.op === "add_asset" ? added.name : "";
}
