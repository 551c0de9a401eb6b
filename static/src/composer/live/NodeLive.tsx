import { memo, useEffect, useRef } from "react";
import type { AssetType } from "../model/catalogue.ts";
import { drawAsset } from "./drawing.ts";
import { useLive } from "./feed.ts";
import "./live.css";
import type { LiveValues } from "./values.ts";

function Shown({ id, type, live }: { id: string; type: AssetType | undefined; live: LiveValues }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const draw = (): void => {
      if (place.current) drawAsset(place.current, live, id, type, useLive.getState().shown[type?.key ?? ""]);
    };
    draw();
    return live.watch(id, draw);
  }, [id, type, live]);
  return <div ref={place} className="asset-live" />;
}

/** The live values of an asset that is in sight; nothing while they are not shown. */
export const NodeLive = memo(function NodeLive({ id, type }: { id: string; type: AssetType | undefined }) {
  const live = useLive((state) => state.values);
  return live && <Shown id={id} type={type} live={live} />;
});
