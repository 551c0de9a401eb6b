import { BaseEdge, getBezierPath, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import type { LinkView } from "./store.ts";

/** One link on the canvas. */
export const LinkEdge = memo(function LinkEdge(edge: EdgeProps<LinkView>) {
  const [path] = getBezierPath(edge);
  return <BaseEdge id={edge.id} path={path} interactionWidth={16} markerEnd={edge.markerEnd ?? ""} />;
});
