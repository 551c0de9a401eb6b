/** Which part of a twin is in view when it is opened. */
import type { FitViewOptions } from "@xyflow/react";
import type { CanvasNode } from "./views.ts";

/** A twin of more than this is drawn without ports and single links from far away, and opens where it can be read. */
export const MANY = 200;
/** Zoom at which what stands on an asset can be read. */
const READABLE = 0.6;
/** What a narrow window shows at that zoom, in pixels of the canvas. */
const [ACROSS, DOWN] = [900, 900];

/** How everything is brought into view: nothing lies under the tools, which stand at the top. */
export const FITTED: FitViewOptions = { maxZoom: 1, padding: { top: "64px", right: "5%", bottom: "5%", left: "5%" } };

/**
 * All of a small twin. Of a large one no name could be read then: it opens at the asset in the upper left corner, where
 * what flows through it begins, and the map tells where that is.
 */
export function openingView(nodes: readonly CanvasNode[]): FitViewOptions {
  if (nodes.length <= MANY) return FITTED;
  const boxes = nodes.filter(({ type }) => type !== "frame");
  const [first = boxes[0]] = boxes.toSorted((one, other) => fromCorner(one) - fromCorner(other));
  if (!first) return FITTED;
  const { x, y } = first.position;
  const isBeside = ({ position }: CanvasNode): boolean =>
    position.x >= x && position.x <= x + ACROSS && position.y >= y && position.y <= y + DOWN;
  return { ...FITTED, minZoom: READABLE, nodes: boxes.filter(isBeside).map(({ id }) => ({ id })) };
}

function fromCorner({ position }: CanvasNode): number {
  return position.x + position.y;
}
