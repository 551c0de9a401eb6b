import { useReactFlow } from "@xyflow/react";
import { useCallback } from "react";
import { WIDTH } from "./geometry.ts";
import { useComposer } from "./store.ts";

/** Goes to an asset: selects it, brings it to the middle at a size that can be read, and gives it the focus. */
export function useJump(): (asset: string) => void {
  const { setCenter, getZoom } = useReactFlow();
  return useCallback(
    (asset) => {
      const { nodes, select } = useComposer.getState();
      const node = nodes.find((each) => each.id === asset);
      if (!node) return;
      select([asset]);
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      void setCenter(node.position.x + WIDTH / 2, node.position.y + (node.height ?? 0) / 2, {
        zoom: Math.max(getZoom(), 0.8),
        duration: still ? 0 : 250,
      }).then(() => {
        document.querySelector<HTMLElement>(`.react-flow__node[data-id="${asset}"]`)?.focus({ preventScroll: true });
      });
    },
    [setCenter, getZoom],
  );
}
