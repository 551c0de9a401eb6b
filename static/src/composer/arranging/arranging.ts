/** Lining up what is selected, and guides while it is dragged. */
import type { NodeChange } from "@xyflow/react";
import { announce } from "../../common/dom.ts";
import { gettext } from "../../common/gettext.ts";
import { aligned, around, distributed, guided, type Alignment, type Axis, type Box, type Places } from "./arrange.ts";
import { lens, useCanvas } from "../canvas/canvas.ts";
import type { Position } from "../model/document.ts";
import { GRID } from "../model/geometry.ts";
import { movesTo } from "../canvas/moving.ts";
import { groupNode } from "../canvas/selection.ts";
import { useComposer } from "../store.ts";
import { originOf, type CanvasNode } from "../canvas/views.ts";

function boxOf({ id, position, width, height }: CanvasNode): Box {
  return { id, x: position.x, y: position.y, width: width ?? 0, height: height ?? 0 };
}

/** What is selected as boxes; what belongs to a selected group goes with it and is none of its own. */
export function selectedBoxes(): Box[] {
  const chosen = useComposer.getState().nodes.filter((node) => node.selected);
  const groups = new Set(chosen.map((node) => node.id));
  return chosen
    .filter((node) => node.type !== "asset" || !groups.has(groupNode(node.data.asset.group ?? "")))
    .map(boxOf);
}

function put(places: Places): void {
  const { document, nodes, perform, placed } = useComposer.getState();
  const moves = movesTo(document, originOf(nodes), places);
  if (moves.length === 0) {
    announce(gettext("Everything is there already."));
    return;
  }
  useComposer.setState({
    placed: new Set([...placed, ...moves.flatMap((move) => ("asset" in move ? [move.asset] : []))]),
  });
  perform(moves);
  announce(gettext("Lined up. Undo with Ctrl-Z."));
}

/** Gives what is selected an edge or the middle in common. */
export function align(how: Alignment): void {
  put(aligned(selectedBoxes(), how));
}

/** Makes the gaps between what is selected equal. */
export function distribute(axis: Axis): void {
  put(distributed(selectedBoxes(), axis));
}

/** With more than this in view, everything lines up with something and the guides say nothing. */
const MOST_GUIDING = 300;

/** What lies still during the drag under way, and by how much the last guides drew it. */
let drag: { still: Box[]; by: Position } | null = null;

function lyingStill(nodes: readonly CanvasNode[], moving: ReadonlySet<string>): Box[] {
  const { left, top, right, bottom } = lens.frame();
  const [[x0, y0], [x1, y1]] = [lens.toCanvas([left, top]), lens.toCanvas([right, bottom])];
  const boxes = nodes
    .filter((node) => !moving.has(node.id) && node.type !== "frame")
    .filter((node) => node.type !== "asset" || !moving.has(groupNode(node.data.asset.group ?? "")))
    .map(boxOf)
    .filter((box) => box.x < x1 && box.x + box.width > x0 && box.y < y1 && box.y + box.height > y0);
  return boxes.length > MOST_GUIDING ? [] : boxes;
}

interface Moved {
  id: string;
  position: { x: number; y: number };
}

function boxAround(moved: readonly Moved[], nodes: readonly CanvasNode[]): Box {
  const places = new Map(moved.map(({ id, position }) => [id, position]));
  return around(
    nodes
      .filter((node) => places.has(node.id))
      .map((node) => boxOf({ ...node, position: places.get(node.id) ?? node.position })),
  );
}

/** What a drag moves, and whether it goes on. */
function draggedBy(changes: NodeChange<CanvasNode>[]): { moved: Moved[]; goesOn: boolean } {
  const positions = changes.filter((change) => change.type === "position");
  return {
    moved: positions.flatMap(({ id, position }) => (position ? [{ id, position }] : [])),
    goesOn: positions.some(({ dragging }) => dragging),
  };
}

/** How far the guides draw what is dragged now; when it is let go, as far as they did last. */
function drawnBy(moved: Moved[], goesOn: boolean): Position {
  if (!goesOn) {
    const by = drag?.by ?? [0, 0];
    drag = null;
    useCanvas.setState({ guides: [] });
    return by;
  }
  const { nodes } = useComposer.getState();
  drag ??= { still: lyingStill(nodes, new Set(moved.map(({ id }) => id))), by: [0, 0] };
  const { by, guides } = guided(boxAround(moved, nodes), drag.still, GRID / 2);
  drag.by = by;
  useCanvas.setState({ guides });
  return by;
}

/**
 * The changes of a drag, drawn to the lines that what is dragged has in common with what lies in view; the lines are
 * shown until it is let go. Any other change is left as it is.
 */
export function withGuides(changes: NodeChange<CanvasNode>[]): NodeChange<CanvasNode>[] {
  const { moved, goesOn } = draggedBy(changes);
  if (moved.length === 0 || (!goesOn && !drag)) return changes;
  const [x, y] = drawnBy(moved, goesOn);
  if (x === 0 && y === 0) return changes;
  return changes.map((change) =>
    change.type === "position" && change.position
      ? { ...change, position: { x: change.position.x + x, y: change.position.y + y } }
      : change,
  );
}
