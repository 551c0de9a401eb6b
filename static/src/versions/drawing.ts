/** What is drawn of two documents of a twin: everything that is, what is gone as ghosts, and where things were. */
import { gettext } from "../common/gettext.ts";
import type { Position, TwinDocument } from "../composer/model/document.ts";
import type { Change, Kind } from "./diff.ts";

export interface DrawnPart {
  [more: string]: unknown;
  id: string;
  name: string;
  type: string;
  at: Position;
  /** How it differs; null when it does not. */
  kind: Kind | null;
  /** Where something was that lies elsewhere now. */
  ghost: boolean;
}

export interface DrawnLink {
  [more: string]: unknown;
  id: string;
  from: string;
  to: string;
  kind: Kind | null;
}

export interface Drawing {
  parts: DrawnPart[];
  links: DrawnLink[];
}

/** The id of the ghost at the place where an asset was. */
const ghostOf = (asset: string): string => `was/${asset}`;

const LONGEST_NOTE = 60;

function kindsOf(changes: readonly Change[]): Map<string, Kind> {
  const found = new Map<string, Kind>();
  // An asset whose binding differs has changed, even if it itself says the same.
  for (const change of changes)
    if (change.subject === "binding") for (const asset of change.assets) found.set(`asset/${asset}`, "changed");
  for (const change of changes) found.set(`${change.subject}/${change.key}`, change.kind);
  return found;
}

const isSame = (one: Position, other: Position): boolean => one[0] === other[0] && one[1] === other[1];

function assetsOf(before: TwinDocument | null, after: TwinDocument, kinds: ReadonlyMap<string, Kind>): Drawing {
  const drawn: Drawing = { parts: [], links: [] };
  for (const [id, { name, type, at }] of Object.entries(after.assets)) {
    const was = before?.assets[id];
    drawn.parts.push({ id, name, type, at, kind: kinds.get(`asset/${id}`) ?? null, ghost: false });
    if (!was || isSame(was.at, at)) continue;
    drawn.parts.push({ id: ghostOf(id), name: was.name, type: was.type, at: was.at, kind: "moved", ghost: true });
    drawn.links.push({ id: ghostOf(id), from: ghostOf(id), to: id, kind: "moved" });
  }
  for (const [id, { name, type, at }] of Object.entries(before?.assets ?? {})) {
    if (!(id in after.assets)) drawn.parts.push({ id, name, type, at, kind: "removed", ghost: false });
  }
  return drawn;
}

function notesOf(document: TwinDocument, kinds: ReadonlyMap<string, Kind>): DrawnPart[] {
  return Object.entries(document.notes).map(([id, { text = "", at }]) => {
    const name = text.slice(0, LONGEST_NOTE) || gettext("Image");
    return { id, name, type: "", at, kind: kinds.get(`note/${id}`) ?? null, ghost: false };
  });
}

function linksOf(before: TwinDocument | null, after: TwinDocument, kinds: ReadonlyMap<string, Kind>): DrawnLink[] {
  const gone = Object.entries(before?.links ?? {}).filter(([id]) => !(id in after.links));
  return [
    ...Object.entries(after.links).map(([id, { from, to }]) => ({
      id,
      from: from[0],
      to: to[0],
      kind: kinds.get(`link/${id}`) ?? null,
    })),
    ...gone.map(([id, { from, to }]) => ({ id, from: from[0], to: to[0], kind: "removed" as const })),
  ];
}

/**
 * Draws a document, and what differs from another one.
 *
 * @param before What there was; null to draw the document by itself.
 */
export function drawing(before: TwinDocument | null, after: TwinDocument, changes: readonly Change[]): Drawing {
  const kinds = before ? kindsOf(changes) : new Map<string, Kind>();
  const { parts, links } = assetsOf(before, after, kinds);
  return { parts: [...parts, ...notesOf(after, kinds)], links: [...links, ...linksOf(before, after, kinds)] };
}
