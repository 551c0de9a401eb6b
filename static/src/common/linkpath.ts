/** How a link between two ports is drawn. */
import { getBezierPath, getSmoothStepPath, Position as Side } from "@xyflow/react";

export interface Ends {
  sourceX: number;
  sourceY: number;
  sourcePosition: Side;
  targetX: number;
  targetY: number;
  targetPosition: Side;
}

/** Whether a link ends behind the port that it leaves: a curve would run through both assets. */
function goesBack({ sourceX, sourcePosition, targetX, targetPosition }: Ends): boolean {
  if (sourcePosition === Side.Right) return targetPosition === Side.Left && targetX < sourceX;
  return sourcePosition === Side.Left && targetPosition === Side.Right && targetX > sourceX;
}

/** The line of a link as a path of SVG, with the middle of it: a curve, or led around what it joins when it goes back. */
export function linkPath(ends: Ends): [path: string, labelX: number, labelY: number] {
  const [path, x, y] = goesBack(ends) ? getSmoothStepPath({ ...ends, borderRadius: 8 }) : getBezierPath(ends);
  return [path, x, y];
}
