/** From what is drawn to a layout of it, and from the layout to one step that can be undone. */
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import type { Position, TwinDocument } from "../model/document.ts";
import { linesOf } from "../model/groups.ts";
import type { Box, Plan } from "./layout.ts";
import { movesTo } from "../canvas/moving.ts";
import { FRAME } from "../canvas/parts.ts";
import { groupNode } from "../canvas/selection.ts";
import { useComposer } from "../store.ts";
import type { CanvasNode } from "../canvas/views.ts";

/** What is laid out: the assets and the collapsed groups, of which some stay where they are. */
export function planOf(document: TwinDocument, nodes: readonly CanvasNode[], keeps: (id: string) => boolean): Plan {
  const boxes = nodes.flatMap(({ id, type, position, width = 0, height = 0 }): Box[] => {
    if (type !== "asset" && type !== "group") return [];
    const group = document.assets[id]?.group;
    const frame = group == null ? {} : { group: groupNode(group) };
    return [{ id, at: [position.x, position.y], width, height, kept: keeps(id), ...frame }];
  });
  const heights = portHeights(nodes);
  const lines = linesOf(document).map((line): Plan["lines"][number] => {
    const { source, sourceHandle, target, targetHandle } = line;
    return [source, target, heights.get(source)?.get(sourceHandle), heights.get(target)?.get(targetHandle)];
  });
  return { boxes, lines, frame: FRAME };
}

/** How far below the top of each node the middle of each of its handles is. */
function portHeights(nodes: readonly CanvasNode[]): Map<string, Map<string, number>> {
  return new Map(
    nodes.map(({ id, handles = [] }) => [
      id,
      new Map(handles.map((handle) => [handle.id ?? "", handle.y + (handle.height ?? 0) / 2])),
    ]),
  );
}

/** After so many milliseconds a layout along the lines is given up. */
const PATIENCE = 8000;

/** Where a worker lays the boxes; it is there for this one layout. Nothing when it takes too long. */
function laidOut(plan: Plan, patience: number): Promise<Map<string, Position> | null> {
  const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
  return new Promise<Map<string, Position> | null>((resolve, reject) => {
    worker.addEventListener("message", (event: MessageEvent<Map<string, Position>>) => {
      resolve(event.data);
    });
    worker.addEventListener("error", (event) => {
      reject(new Error(event.message));
    });
    if (patience < Infinity)
      setTimeout(() => {
        resolve(null);
      }, patience);
    worker.postMessage(plan);
  }).finally(() => {
    worker.terminate();
  });
}

/** Along the lines, or when they are too entangled for that, with what is joined side by side. */
async function bestLayout(plan: Plan): Promise<Map<string, Position>> {
  announce(gettext("Laying out…"));
  return (await laidOut(plan, PATIENCE)) ?? tidyRoughly(plan);
}

async function tidyRoughly(plan: Plan): Promise<Map<string, Position>> {
  announce(gettext("The links are too entangled to follow them all; what is linked is laid side by side."));
  return (await laidOut({ ...plan, rough: true }, Infinity)) ?? new Map<string, Position>();
}

/** Lays out what is selected, or when that is less than two things, all that nobody has placed by hand. */
export async function tidyUp(): Promise<void> {
  const { document, nodes, placed, perform } = useComposer.getState();
  const chosen = new Set(nodes.filter((node) => node.selected).map((node) => node.id));
  const keeps = chosen.size > 1 ? (id: string) => !chosen.has(id) : (id: string) => placed.has(id);
  const wanted = await bestLayout(planOf(document, nodes, keeps));
  const now = useComposer.getState();
  const drawn = new Map(now.nodes.map(({ id, position }): [string, Position] => [id, [position.x, position.y]]));
  perform(movesTo(now.document, (id) => drawn.get(id), wanted));
  announce(
    wanted.size
      ? ngettext("{count} thing was laid out.", "{count} things were laid out.", wanted.size)
      : gettext("Nothing to lay out: what you placed by hand stays. Select assets to lay out just those."),
  );
}
