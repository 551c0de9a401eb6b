import { useEffect } from "react";
import { usePanels } from "../panels.ts";
import { useComposer } from "../store.ts";
import { follow, type Source } from "./feed.ts";
import { Watch } from "./Watch.tsx";

/** Follows the twin as long as this is drawn, and shows the asset that is watched. */
export function LiveLayer({ api, twin, websocket }: Source) {
  const watched = usePanels((state) => state.watched);
  const isPublished = useComposer((state) => state.publishedVersion !== null);
  useEffect(() => follow({ api, twin, websocket }, isPublished), [api, twin, websocket, isPublished]);
  return watched && <Watch asset={watched} />;
}
