/** Moving things on the canvas: what belongs to a group goes with it. */
import type { NodeChange } from "@xyflow/react";
import type { Operation, Position, TwinDocument } from "../model/document.ts";
import { membersOf } from "../model/groups.ts";
import { groupOf, noteOf } from "./selection.ts";
import type { CanvasNode } from "./views.ts";

function whole([x, y]: Position): Position {
  return [Math.round(x), Math.round(y)];
}

/**
 * The operations that bring what is drawn to other places, given by the ids under which it is drawn.
 *
 * A group moves by as much as its box or frame does from its `origin`; an asset that is named itself goes where it is
 * told to.
 */
export function movesTo(
  document: TwinDocument,
  origin: (node: string) => Position | undefined,
  wanted: ReadonlyMap<string, Position>,
): Operation[] {
  const members = membersOf(document);
  return [...wanted].flatMap(([id, to]): Operation[] => {
    const group = groupOf(id);
    if (group !== null) {
      const from = origin(id);
      if (!from) return [];
      const by = whole([to[0] - from[0], to[1] - from[1]]);
      return (members.get(group) ?? []).flatMap((asset) => (wanted.has(asset) ? [] : step(document, asset, by)));
    }
    const note = noteOf(id);
    if (note === null) return moved(document.assets[id]?.at, whole(to), (at) => ({ op: "move", asset: id, at }));
    return moved(document.notes[note]?.at, whole(to), (at) => ({ op: "move_note", note, at }));
  });
}

function step(document: TwinDocument, asset: string, by: Position): Operation[] {
  const at = document.assets[asset]?.at;
  return moved(at, at && [at[0] + by[0], at[1] + by[1]], (to) => ({ op: "move", asset, at: to }));
}

function moved(now: Position | undefined, to: Position | undefined, make: (at: Position) => Operation): Operation[] {
  return now && to && (now[0] !== to[0] || now[1] !== to[1]) ? [make(to)] : [];
}

/** The changes of a drag, with those of the assets that lie in a frame that is dragged. */
export function withMembers(changes: NodeChange<CanvasNode>[], nodes: readonly CanvasNode[]): NodeChange<CanvasNode>[] {
  const steps = new Map<string, Position>();
  const named = new Set<string>();
  for (const change of changes) {
    if (change.type !== "position" || !change.position) continue;
    named.add(change.id);
    const group = groupOf(change.id);
    const frame = group === null ? undefined : nodes.find((node) => node.id === change.id);
    if (group !== null && frame?.type === "frame")
      steps.set(group, [change.position.x - frame.position.x, change.position.y - frame.position.y]);
  }
  if (steps.size === 0) return changes;
  const dragging = changes.some((change) => change.type === "position" && change.dragging);
  const members = nodes.flatMap((node): NodeChange<CanvasNode>[] => {
    const by = node.type === "asset" ? steps.get(node.data.asset.group ?? "") : undefined;
    if (!by || named.has(node.id)) return [];
    return [
      { type: "position", id: node.id, position: { x: node.position.x + by[0], y: node.position.y + by[1] }, dragging },
    ];
  });
  return [...changes, ...members];
}
