/** Groups: which assets belong to them, what is drawn of them, and where the links into a collapsed one lead. */
import type { End, Operation, TwinDocument } from "./document.ts";
import { groupNode } from "../canvas/selection.ts";

/** The handles of a collapsed group, on its left and on its right. */
export const IN = "in";
export const OUT = "out";

let last: { document: TwinDocument; members: ReadonlyMap<string, string[]> } | null = null;

/** The assets of each group that there is, by its key; of the same document they are found once. */
export function membersOf(document: TwinDocument): ReadonlyMap<string, string[]> {
  if (last?.document !== document) last = { document, members: foundMembers(document) };
  return last.members;
}

function foundMembers(document: TwinDocument): Map<string, string[]> {
  const members = new Map(Object.keys(document.groups).map((key): [string, string[]] => [key, []]));
  if (members.size > 0)
    for (const [id, { group }] of Object.entries(document.assets)) if (group != null) members.get(group)?.push(id);
  return members;
}

/** The key of the collapsed group that an asset is hidden in, or nothing. */
export function hidingGroup(document: TwinDocument, asset: string): string | null {
  const group = document.assets[asset]?.group;
  return group != null && document.groups[group]?.collapsed ? group : null;
}

/** A line to draw: one link, or all that join the same two things, of which at least one is a collapsed group. */
export interface Line {
  id: string;
  source: string;
  sourceHandle: string;
  target: string;
  targetHandle: string;
  kind: string;
  /** The links that it stands for. */
  links: string[];
}

/** The lines that stand for the links of a document; those inside a collapsed group are not drawn. */
export function linesOf(document: TwinDocument): Line[] {
  const lines: Line[] = [];
  const bundles = new Map<string, Line>();
  for (const [id, link] of Object.entries(document.links)) {
    const [one, other] = [hidingGroup(document, link.from[0]), hidingGroup(document, link.to[0])];
    if (one === null && other === null) lines.push(lineOf(id, link.from, link.to, link.kind, id));
    else if (one !== other) {
      const from: End = one === null ? link.from : [groupNode(one), OUT];
      const to: End = other === null ? link.to : [groupNode(other), IN];
      const key = `bundle:${from[0]}/${from[1]}>${to[0]}/${to[1]}`;
      const known = bundles.get(key);
      if (known) known.links.push(id);
      else bundles.set(key, lineOf(key, from, to, link.kind, id));
    }
  }
  return [...lines, ...bundles.values()];
}

function lineOf(id: string, from: End, to: End, kind: string, link: string): Line {
  return { id, source: from[0], sourceHandle: from[1], target: to[0], targetHandle: to[1], kind, links: [link] };
}

/** A name for the next group. */
export function nextGroupName(document: TwinDocument, word: string): string {
  const taken = new Set(Object.values(document.groups).map(({ name }) => name));
  let number = 1;
  while (taken.has(`${word} ${number}`)) number += 1;
  return `${word} ${number}`;
}

/** A key for a new group from a new id: two people who group at once make two groups. */
export function groupKey(id: string): string {
  return `group_${id.replaceAll("-", "").slice(-16)}`;
}

/** The operations that put assets into a new group; groups that lose all they had go. */
export function grouping(document: TwinDocument, assets: string[], group: string, name: string): Operation[] {
  return [{ op: "add_group", group, name }, ...joining(document, assets, group)];
}

/** The operations that put assets into a group that there is; groups that lose all they had go. */
export function joining(document: TwinDocument, assets: string[], group: string): Operation[] {
  return [...assets.map((asset): Operation => ({ op: "set_group", asset, group })), ...left(document, new Set(assets))];
}

/** The groups that have nothing left when these assets leave them. */
export function left(document: TwinDocument, assets: ReadonlySet<string>): Operation[] {
  return [...membersOf(document)]
    .filter(([, members]) => members.length > 0 && members.every((id) => assets.has(id)))
    .map(([group]): Operation => ({ op: "remove_group", group }));
}

/** The operations that take groups apart; what belonged to them stays where it is. */
export function ungrouping(document: TwinDocument, groups: Iterable<string>): Operation[] {
  const members = membersOf(document);
  return [...groups].flatMap((group): Operation[] => [
    ...(members.get(group) ?? []).map((asset): Operation => ({ op: "set_group", asset, group: null })),
    { op: "remove_group", group },
  ]);
}

/** The operations that take assets out of their groups; groups that lose all they had go. */
export function leaving(document: TwinDocument, assets: Iterable<string>): Operation[] {
  const out = [...assets].filter((id) => document.assets[id]?.group != null);
  return [...out.map((asset): Operation => ({ op: "set_group", asset, group: null })), ...left(document, new Set(out))];
}
