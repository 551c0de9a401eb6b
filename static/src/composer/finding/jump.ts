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
      }).then(() => {
        if (field) return;
        // What the table hid can have the focus with the next frame.
        requestAnimationFrame(() => {
          document.querySelector<HTMLElement>(`.react-flow__node[data-id="${asset}"]`)?.focus({ preventScroll: true });
        });
      });
    },
    [setCenter, getZoom],
  );
}
