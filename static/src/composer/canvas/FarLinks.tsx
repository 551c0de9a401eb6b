import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useComposer, type CanvasNode, type LinkView } from "../store.ts";

/** Where a port of an asset is, in pixels of the canvas. */
function portOf(node: CanvasNode, port: string | null | undefined): [x: number, y: number] {
  const handle = node.handles?.find((each) => each.id === port);
  const [x, y] = handle ? [handle.x + (handle.width ?? 0) / 2, handle.y + (handle.height ?? 0) / 2] : [0, 0];
  return [node.position.x + x, node.position.y + y];
}

function trace(edges: LinkView[], nodes: CanvasNode[]): Path2D {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const lines = new Path2D();
  for (const edge of edges) {
    const [source, target] = [byId.get(edge.source), byId.get(edge.target)];
    if (!source || !target) continue;
    const [fromX, fromY] = portOf(source, edge.sourceHandle);
    const [toX, toY] = portOf(target, edge.targetHandle);
    const bend = Math.abs(toX - fromX) / 2;
    lines.moveTo(fromX, fromY);
    lines.bezierCurveTo(fromX + bend, fromY, toX - bend, toY, toX, toY);
  }
  return lines;
}

/**
 * All links at once on one canvas, for when a large twin is seen from far away: an element for each of thousands of
 * links would make every move slow, and no single one could be hit with a pointer anyway.
 */
export function FarLinks() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const flow = useStoreApi();
  useEffect(() => {
    let asked = 0;
    const draw = (): void => {
      asked = 0;
      const pen = canvas.current?.getContext("2d");
      if (!canvas.current || !pen) return;
      const { width, height, transform } = flow.getState();
      const [x, y, zoom] = transform;
      canvas.current.width = width * devicePixelRatio;
      canvas.current.height = height * devicePixelRatio;
      pen.setTransform(
        zoom * devicePixelRatio,
        0,
        0,
        zoom * devicePixelRatio,
        x * devicePixelRatio,
        y * devicePixelRatio,
      );
      pen.strokeStyle = getComputedStyle(canvas.current).color;
      pen.lineWidth = 1.2 / zoom;
      const { edges, nodes } = useComposer.getState();
      pen.stroke(trace(edges, nodes));
    };
    const refresh = (): void => {
      asked ||= requestAnimationFrame(draw);
    };
    refresh();
    const stops = [flow.subscribe(refresh), useComposer.subscribe(refresh)];
    return () => {
      cancelAnimationFrame(asked);
      stops.forEach((stop) => {
        stop();
      });
    };
  }, [flow]);
  return <canvas ref={canvas} className="composer-far-links" />;
}
