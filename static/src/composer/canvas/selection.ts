/** What is selected: assets, links, and by ids of their own (`group:KEY`, `note:ID`) groups and notes. */
import type { Operation, TwinDocument } from "../model/document.ts";

const GROUP = "group:";
const NOTE = "note:";

interface Selectable {
  id: string;
  selected?: boolean | undefined;
}

/** The id under which a group is drawn. */
export function groupNode(key: string): string {
  return GROUP + key;
}

/** The id under which a note is drawn. */
export function noteNode(id: string): string {
  return NOTE + id;
}

/** The key of the group that is drawn under this id, or nothing. */
export function groupOf(node: string): string | null {
  return node.startsWith(GROUP) ? node.slice(GROUP.length) : null;
}

/** The id of the note that is drawn under this id, or nothing. */
export function noteOf(node: string): string | null {
  return node.startsWith(NOTE) ? node.slice(NOTE.length) : null;
}

/** The ids under which what is selected is drawn. */
export function selectedIds(nodes: readonly Selectable[]): string[] {
  return nodes.filter((node) => node.selected).map((node) => node.id);
}

/** The assets among these, with all that belong to the groups among them, in the order of the document. */
export function assetsAmong(document: TwinDocument, ids: Iterable<string>): string[] {
  const wanted = new Set(ids);
  return Object.entries(document.assets)
    .filter(([id, { group }]) => wanted.has(id) || (group != null && wanted.has(groupNode(group))))
    .map(([id]) => id);
}

/** The groups among these that there are. */
export function groupsAmong(document: TwinDocument, ids: Iterable<string>): string[] {
  return [...ids].map(groupOf).filter((key): key is string => key !== null && key in document.groups);
}

/** The notes among these that there are. */
export function notesAmong(document: TwinDocument, ids: Iterable<string>): string[] {
  return [...ids].map(noteOf).filter((id): id is string => id !== null && id in document.notes);
}

/** The operations that take away groups which have no asset left once these are gone. */
export function emptied(document: TwinDocument, gone: ReadonlySet<string>): Operation[] {
  const left = new Set(Object.entries(document.assets).flatMap(([id, { group }]) => (gone.has(id) ? [] : [group])));
  const touched = new Set([...gone].map((id) => document.assets[id]?.group));
  return Object.keys(document.groups)
    .filter((key) => touched.has(key) && !left.has(key))
    .map((group): Operation => ({ op: "remove_group", group }));
}

/** The operations that take away what is named: assets, groups with their assets, notes, and links on their own. */
export function removing(document: TwinDocument, nodes: Iterable<string>, edges: Iterable<string>): Operation[] {
  const ids = [...nodes];
  const assets = new Set(assetsAmong(document, ids));
  const links = [...edges].filter((id) => {
    const link = document.links[id];
    return link && !assets.has(link.from[0]) && !assets.has(link.to[0]);
  });
  const orphans = Object.entries(document.assets).filter(
    ([id, { part_of }]) => !assets.has(id) && part_of && assets.has(part_of[0]),
  );
  return [
    ...links.map((link): Operation => ({ op: "unlink", link })),
    ...orphans.map(([asset]): Operation => ({ op: "attach", asset, part_of: null })),
    ...[...assets].map((asset): Operation => ({ op: "remove_asset", asset })),
    ...emptied(document, assets),
    ...notesAmong(document, ids).map((note): Operation => ({ op: "remove_note", note })),
  ];
}
