import { useReactFlow } from "@xyflow/react";
import { useCallback } from "react";
import type { Field } from "./fixes.ts";
import { WIDTH } from "../model/geometry.ts";
import { hidingGroup } from "../model/groups.ts";
import { showField, usePanels } from "../panels.ts";
import { useComposer } from "../store.ts";

/** Opens the group that hides an asset, when one does. */
function uncover(asset: string): void {
  const { document, perform } = useComposer.getState();
  const group = hidingGroup(document, asset);
  if (group !== null) perform([{ op: "collapse", group, collapsed: false }]);
}

/** For so many frames an asset is waited for that was out of sight: only what is in sight is drawn. */
const FRAMES = 60;

/** Gives an asset the focus as soon as it is drawn, unless the person does something else before. */
function focusWhenDrawn(asset: string): void {
  const over = new AbortController();
  const stop = (): void => {
    over.abort();
  };
  const seek = (left: number): void => {
    const place = document.querySelector<HTMLElement>(`.react-flow__node[data-id="${asset}"]`);
    place?.focus({ preventScroll: true });
    if (left === 0 || (place && document.activeElement === place)) stop();
    if (!over.signal.aborted)
      requestAnimationFrame(() => {
        if (!over.signal.aborted) seek(left - 1);
      });
  };
  seek(FRAMES);
  for (const event of over.signal.aborted ? [] : ["pointerdown", "keydown"])
    document.addEventListener(event, stop, { capture: true, signal: over.signal });
}

/**
 * Goes to an asset: selects it, brings it to the middle at a size that can be read, and gives it the focus, or a field
 * of its details.
 */
export function useJump(): (asset: string, field?: Field["field"]) => void {
  const { setCenter, getZoom } = useReactFlow();
  return useCallback(
    (asset, field) => {
      uncover(asset);
      const { nodes, select } = useComposer.getState();
      const node = nodes.find((each) => each.id === asset);
      if (!node) return;
      select([asset]);
      usePanels.setState({ isSheet: false });
      if (field) showField(field);
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      void setCenter(node.position.x + WIDTH / 2, node.position.y + (node.height ?? 0) / 2, {
        zoom: Math.max(getZoom(), 0.8),
        duration: still ? 0 : 250,
      });
      // Not when the movement has ended: one that something else cuts short never says that it has.
      if (!field) focusWhenDrawn(asset);
    },
    [setCenter, getZoom],
  );
}
