/** Which part of a twin is in view when it is opened. */
import { getNodesBounds, getViewportForBounds, type FitViewOptions, type Viewport } from "@xyflow/react";
import type { CanvasNode } from "./views.ts";

/** A twin of more than this is drawn without ports and single links from far away, and opens where it can be read. */
export const MANY = 200;
/** From how far away a twin can be looked at, at most. */
export const LEAST_ZOOM = 0.04;
/** Zoom at which what stands on an asset can be read. */
const READABLE = 0.6;
/** What a narrow window shows at that zoom, in pixels of the canvas. */
const [ACROSS, DOWN] = [900, 900];
const NEAREST = 1;
/** Nothing lies under the tools, which stand at the top. */
const PADDING = { top: "64px", right: "5%", bottom: "5%", left: "5%" } as const;

/** How everything is brought into view. */
export const FITTED: FitViewOptions = { maxZoom: NEAREST, padding: PADDING };

/**
 * All of a small twin. Of a large one no name could be read then: it opens at the asset in the upper left corner, where
 * what flows through it begins, and the map tells where that is. Of an empty one nothing is in view that could be moved
 * away from where it is put.
 */
export function openingView(nodes: readonly CanvasNode[], width: number, height: number): Viewport {
  if (nodes.length === 0) return { x: 0, y: 0, zoom: NEAREST };
  const isLarge = nodes.length > MANY;
  const bounds = getNodesBounds(isLarge ? cornerOf(nodes) : [...nodes]);
  return getViewportForBounds(bounds, width, height, isLarge ? READABLE : LEAST_ZOOM, NEAREST, PADDING);
}

/** What lies in the upper left corner. */
function cornerOf(nodes: readonly CanvasNode[]): CanvasNode[] {
  const boxes = nodes.filter(({ type }) => type !== "frame");
  const [first] = boxes.toSorted((one, other) => fromCorner(one) - fromCorner(other));
  if (!first) return [...nodes];
  const { x, y } = first.position;
  return boxes.filter(
    ({ position }) => position.x >= x && position.x <= x + ACROSS && position.y >= y && position.y <= y + DOWN,
  );
}

function fromCorner({ position }: CanvasNode): number {
  return position.x + position.y;
}
