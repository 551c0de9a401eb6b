import { useStoreApi, type Transform } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { onTheme } from "../../common/theme.ts";
import { useComposer, type CanvasNode, type LinkView } from "../store.ts";

/** After the canvas has not moved for so long, the links are drawn where they now are. */
const REST_MS = 100;
const WIDTH_PX = 1.2;

interface View {
  width: number;
  height: number;
  transform: Transform;
}

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

/** One layer of links over the window, drawn for one place of the canvas. */
class Layer {
  #transform: Transform = [0, 0, 1];
  #isEmpty = true;
  readonly #canvas: HTMLCanvasElement;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  draw(edges: LinkView[], nodes: CanvasNode[], { width, height, transform }: View): void {
    const pen = this.#canvas.getContext("2d");
    if (!pen || (this.#isEmpty && edges.length === 0)) return;
    const [x, y, zoom] = transform.map((each) => each * devicePixelRatio) as Transform;
    // To set its size clears it, too.
    this.#canvas.width = width * devicePixelRatio;
    this.#canvas.height = height * devicePixelRatio;
    pen.setTransform(zoom, 0, 0, zoom, x, y);
    pen.strokeStyle = getComputedStyle(this.#canvas).color;
    pen.lineWidth = WIDTH_PX / transform[2];
    pen.stroke(trace(edges, nodes));
    this.#isEmpty = edges.length === 0;
    this.#transform = transform;
    this.follow(transform);
  }

  /** Move what is drawn along with the canvas, without drawing it. */
  follow([x, y, zoom]: Transform): void {
    const [atX, atY, atZoom] = this.#transform;
    const scale = zoom / atZoom;
    const isThere = x === atX && y === atY && zoom === atZoom;
    this.#canvas.style.transform = isThere
      ? ""
      : `translate(${x - atX * scale}px, ${y - atY * scale}px) scale(${scale})`;
  }
}

interface Seen {
  nodes: CanvasNode[];
  edges: LinkView[];
  moving: ReadonlySet<string>;
}

/** The links that lead to what is being moved, or all others. */
function linksOf({ edges, moving }: Seen, isMoved: boolean): LinkView[] {
  return edges.filter((edge) => (moving.has(edge.source) || moving.has(edge.target)) === isMoved);
}

/** Whether something else has changed than where the assets are that are being moved. */
function isStale(seen: Seen | null, nodes: CanvasNode[], edges: LinkView[]): boolean {
  return (
    seen?.edges !== edges ||
    seen.nodes.length !== nodes.length ||
    nodes.some((node, index) => {
      const before = seen.nodes[index];
      return node !== before && !(node.id === before?.id && node.dragging && seen.moving.has(node.id));
    })
  );
}

/**
 * All links at once on a canvas, for when a large twin is seen from far away: an element for each of thousands of
 * links would make every move slow, and no single one could be hit with a pointer anyway. Those of what is being moved
 * are on a second one, so that the many others are not drawn again with each step.
 */
export function FarLinks() {
  const still = useRef<HTMLCanvasElement>(null);
  const moved = useRef<HTMLCanvasElement>(null);
  const flow = useStoreApi();
  useEffect(() => {
    if (!still.current || !moved.current) return;
    const layers = { still: new Layer(still.current), moved: new Layer(moved.current) };
    let seen: Seen | null = null;
    let [asked, resting] = [0, 0];
    const draw = (): void => {
      const { edges, nodes } = useComposer.getState();
      if (isStale(seen, nodes, edges)) {
        seen = { nodes, edges, moving: new Set(nodes.filter((node) => node.dragging).map((node) => node.id)) };
        layers.still.draw(linksOf(seen, false), nodes, flow.getState());
      }
      if (seen) layers.moved.draw(linksOf(seen, true), nodes, flow.getState());
    };
    const ask = (): void => {
      asked ||= requestAnimationFrame(() => {
        asked = 0;
        draw();
      });
    };
    const redraw = (): void => {
      seen = null;
      ask();
    };
    draw();
    const stops = [
      flow.subscribe((now, before) => {
        if (now.width !== before.width || now.height !== before.height) redraw();
        if (now.transform === before.transform) return;
        layers.still.follow(now.transform);
        layers.moved.follow(now.transform);
        clearTimeout(resting);
        resting = setTimeout(redraw, REST_MS) as unknown as number;
      }),
      useComposer.subscribe((now, before) => {
        if (now.nodes !== before.nodes || now.edges !== before.edges) ask();
      }),
      onTheme(redraw),
    ];
    return () => {
      cancelAnimationFrame(asked);
      clearTimeout(resting);
      stops.forEach((stop) => {
        stop();
      });
    };
  }, [flow]);
  return (
    <>
      <canvas ref={still} className="composer-far-links" />
      <canvas ref={moved} className="composer-far-links" />
    </>
  );
}
