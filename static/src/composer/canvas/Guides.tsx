import "./guides.css";
import { ViewportPortal } from "@xyflow/react";
import { useCanvas } from "./canvas.ts";

/** The lines that what is dragged has in common with what lies around it. */
export function Guides() {
  const guides = useCanvas((state) => state.guides);
  return (
    <ViewportPortal>
      {guides.map(({ axis, at, from, to }) => (
        <div
          key={axis}
          className={`align-line align-line-${axis}`}
          style={
            axis === "x"
              ? { transform: `translate(${at}px, ${from}px)`, height: to - from }
              : { transform: `translate(${from}px, ${at}px)`, width: to - from }
          }
        />
      ))}
    </ViewportPortal>
  );
}
