/** What can be done with what is selected: copying, pasting, grouping, components. Each is one step to undo. */
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { uuid7 } from "../../common/uuid7.ts";
import { lens, notify, pointInView } from "../canvas/canvas.ts";
import { partsOf, pasting, readParts, stepTo, type Parts } from "./clipboard.ts";
import { attaching, detaching } from "../model/components.ts";
import type { Operation, Position, TwinDocument } from "../model/document.ts";
import { GRID } from "../model/geometry.ts";
import { groupKey, grouping, joining, leaving, nextGroupName, ungrouping } from "../model/groups.ts";
import { applyFitting } from "../model/operations.ts";
import { assetsAmong, groupNode, groupOf, groupsAmong, noteNode, selectedIds } from "../canvas/selection.ts";
import { useComposer } from "../store.ts";

/** How far a duplicate lies from what it was made of. */
const BESIDE: Position = [2 * GRID, 2 * GRID];

interface Selected {
  document: TwinDocument;
  /** The ids under which it is drawn. */
  ids: string[];
  assets: string[];
}

/** What was found last, for the many commands that ask for it one after the other. */
let last: { nodes: unknown; found: Selected } | null = null;

/** What is selected now. */
export function selected(): Selected {
  const { document, nodes } = useComposer.getState();
  if (last?.nodes !== nodes || last.found.document !== document) {
    const ids = selectedIds(nodes);
    last = { nodes, found: { document, ids, assets: ids.length > 0 ? assetsAmong(document, ids) : [] } };
  }
  return last.found;
}

function perform(operations: Operation[], select?: Iterable<string>): void {
  useComposer.getState().perform(operations, select);
}

/** What is selected as a text for the clipboard; null when there is nothing to copy. */
export function copied(cut: boolean): string | null {
  const { document, ids } = selected();
  const parts = partsOf(document, ids, cut);
  if (!parts) {
    notify(gettext("Select assets or notes first; nothing was copied."));
    return null;
  }
  const count = Object.keys(parts.assets).length + Object.keys(parts.notes).length;
  if (!cut) announce(ngettext("{count} thing was copied.", "{count} things were copied.", count));
  return JSON.stringify(parts);
}

/** Where the last paste went and how often it went there: pasted again at the same place it must not hide the first. */
let lastPaste: { at: Position; times: number } = { at: [0, 0], times: 0 };

function placeForPaste(): Position {
  const at = lens.toCanvas(pointInView());
  const again = Math.hypot(at[0] - lastPaste.at[0], at[1] - lastPaste.at[1]) < GRID;
  lastPaste = { at, times: again ? lastPaste.times + 1 : 0 };
  return [at[0] + lastPaste.times * BESIDE[0], at[1] + lastPaste.times * BESIDE[1]];
}

function insert(parts: Parts, by: Position): number {
  const { document } = useComposer.getState();
  const { operations, assets, notes } = pasting(document, parts, {
    by,
    newId: () => uuid7(),
    newGroup: () => groupKey(uuid7()),
  });
  const hidden = new Set(
    operations.flatMap((operation) => (operation.op === "add_group" && operation.collapsed ? [operation.group] : [])),
  );
  const shown = operations.flatMap((operation) =>
    operation.op === "add_asset" && !hidden.has(operation.group ?? "") ? [operation.asset] : [],
  );
  perform(operations, [...shown, ...[...hidden].map(groupNode), ...notes.map(noteNode)]);
  return assets.length + notes.length;
}

/** Puts what the clipboard holds where the pointer is, or says why it cannot. */
export function paste(text: string): void {
  const { types } = useComposer.getState();
  const parts = readParts(text);
  if (typeof parts === "string") {
    notify(parts);
    return;
  }
  const count = insert(parts, stepTo(parts, placeForPaste(), GRID));
  const strange = Object.values(parts.assets).filter(({ type }) => !types.has(type)).length;
  if (strange)
    notify(
      ngettext(
        "{count} asset is of a type that this catalogue does not have. It can be published when the type is there.",
        "{count} assets are of types that this catalogue does not have. They can be published when the types are there.",
        strange,
      ),
    );
  else announce(ngettext("{count} thing was pasted.", "{count} things were pasted.", count));
}

/** Makes another one of what is selected, beside it. */
export function duplicate(): void {
  const { document, ids } = selected();
  const parts = partsOf(document, ids, false);
  if (!parts) return;
  const count = insert(parts, BESIDE);
  announce(ngettext("{count} thing was duplicated.", "{count} things were duplicated.", count));
}

/** Draws the selected assets as one group and lets its name be edited; with a group among them they join it. */
export function group(): void {
  const { document, ids, assets } = selected();
  const [known, ...others] = groupsAmong(document, ids);
  const outside = assets.filter((id) => document.assets[id]?.group !== known);
  if (known !== undefined && others.length === 0 && outside.length > 0) {
    perform(joining(document, outside, known), [groupNode(known)]);
    announce(ngettext("{count} asset was grouped.", "{count} assets were grouped.", outside.length));
    return;
  }
  if (assets.length === 0) return;
  const key = groupKey(uuid7());
  perform(grouping(document, assets, key, nextGroupName(document, gettext("Group"))), [groupNode(key)]);
  announce(ngettext("{count} asset was grouped.", "{count} assets were grouped.", assets.length));
  useComposer.getState().rename(groupNode(key));
}

/** Takes the selected groups apart, or takes the selected assets out of theirs. */
export function ungroup(): void {
  const { document, ids, assets } = selected();
  const groups = groupsAmong(document, ids);
  perform(groups.length > 0 ? ungrouping(document, groups) : leaving(document, assets), assets);
}

/** The groups that are selected, or that something selected belongs to. */
export function groupsHere(): string[] {
  const { document, ids, assets } = selected();
  const of = assets.map((id) => document.assets[id]?.group).filter((key): key is string => key != null);
  return [...new Set([...groupsAmong(document, ids), ...of])].filter((key) => key in document.groups);
}

/** Draws groups as one box, or as what they hold; who may only look sees it so, and nothing is saved. */
export function collapse(groups: readonly string[], collapsed: boolean): void {
  const { document, canEdit, findings, receive, select } = useComposer.getState();
  const operations = groups
    .filter((key) => document.groups[key] && (document.groups[key].collapsed ?? false) !== collapsed)
    .map((group): Operation => ({ op: "collapse", group, collapsed }));
  if (canEdit) perform(operations, groups.map(groupNode));
  else {
    receive(applyFitting(document, operations)[0], findings);
    select(groups.map(groupNode));
  }
}

/** Collapses the groups of what is selected, or expands them when all of them are collapsed. */
export function toggleCollapsed(): void {
  const { document } = useComposer.getState();
  const groups = groupsHere();
  collapse(
    groups,
    groups.some((key) => !document.groups[key]?.collapsed),
  );
}

/** Makes the selected assets components of the one among them that has room for them. */
export function attach(): void {
  const { types } = useComposer.getState();
  const { document, assets, ids } = selected();
  const operations = attaching(document, types, assets);
  perform(operations, ids);
  if (operations.length === 0)
    notify(gettext("None of the selected assets has room for the others as its components."));
}

/** Whether the selected assets can become components of one of them. */
export function canAttach(): boolean {
  const { types } = useComposer.getState();
  const { document, assets } = selected();
  return assets.length > 1 && assets.length < 20 && attaching(document, types, assets).length > 0;
}

/** Makes the selected components assets on their own. */
export function detach(): void {
  const { document, assets } = selected();
  perform(detaching(document, assets));
}

/** Edits the name of what is selected: an asset's or a group's. */
export function renameSelected(): void {
  const { document, ids } = selected();
  const [id] = ids.filter((each) => each in document.assets || groupOf(each) !== null);
  if (id !== undefined) useComposer.getState().rename(id);
}
