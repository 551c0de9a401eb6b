import { useEffect } from "react";
import { usePanels } from "../panels.ts";
import { follow, type Source } from "./feed.ts";
import { Watch } from "./Watch.tsx";

/** Follows the twin as long as this is drawn, and shows the asset that is watched. */
export function LiveLayer({ api, twin, websocket }: Source) {
  const watched = usePanels((state) => state.watched);
  useEffect(() => follow({ api, twin, websocket }), [api, twin, websocket]);
  return watched && <Watch asset={watched} />;
}
