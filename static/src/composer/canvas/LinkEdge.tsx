import { BaseEdge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { linkPath } from "../../common/linkpath.ts";
import type { LinkView } from "../store.ts";

/** One link on the canvas, or how many lead into a collapsed group there. */
export const LinkEdge = memo(function LinkEdge(edge: EdgeProps<LinkView>) {
  const [path, labelX, labelY] = linkPath(edge);
  const links = edge.data?.links.length ?? 1;
  const label = links > 1 ? { label: String(links), labelX, labelY } : {};
  return <BaseEdge id={edge.id} path={path} interactionWidth={16} markerEnd={edge.markerEnd ?? ""} {...label} />;
});
