import "./overview.css";
import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { gettext } from "../../common/gettext.ts";
import { onTheme } from "../../common/theme.ts";
import { WIDTH } from "../model/geometry.ts";
import { useComposer, type CanvasNode } from "../store.ts";

interface Frame {
  left: number;
  top: number;
  scale: number;
}

/** Where everything and the window lie, and how much smaller they are drawn. */
function frameOf({ clientWidth, clientHeight }: HTMLCanvasElement, nodes: CanvasNode[], view: DOMRect): Frame {
  let [left, top, right, bottom] = [view.left, view.top, view.right, view.bottom];
  for (const { position, width = WIDTH, height = 0 } of nodes) {
    left = Math.min(left, position.x);
    top = Math.min(top, position.y);
    right = Math.max(right, position.x + width);
    bottom = Math.max(bottom, position.y + height);
  }
  const scale = Math.min(clientWidth / (right - left), clientHeight / (bottom - top)) * 0.94;
  return { left: (left + right - clientWidth / scale) / 2, top: (top + bottom - clientHeight / scale) / 2, scale };
}

/** Whether everything is on the screen: then the map would tell nothing and cover what lies under it. */
function isWhole(nodes: CanvasNode[], view: DOMRect): boolean {
  return nodes.every(
    ({ position: { x, y }, width = WIDTH, height = 0 }) =>
      x >= view.left && y >= view.top && x + width <= view.right && y + height <= view.bottom,
  );
}

/** A clean sheet as large as the map is on the screen, in its pixels. */
function sheetOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== width * devicePixelRatio || canvas.height !== height * devicePixelRatio) {
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
  }
  const pen = canvas.getContext("2d");
  pen?.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen?.clearRect(0, 0, width, height);
  return pen;
}

/** The map in the corner, drawn on one canvas: a box for each of thousands of assets would cost more than the assets. */
function draw(canvas: HTMLCanvasElement, nodes: CanvasNode[], view: DOMRect): Frame {
  const frame = frameOf(canvas, nodes, view);
  const isNeeded = !isWhole(nodes, view);
  canvas.dataset.needed = String(isNeeded);
  const pen = isNeeded ? sheetOf(canvas) : null;
  if (!pen) return frame;
  const { left, top, scale } = frame;
  const { outlineColor: wrong, caretColor: chosen, color: plain } = getComputedStyle(canvas);
  let colour = "";
  for (const { type, data, selected, position, width = WIDTH, height = 0 } of nodes) {
    if (type === "frame") continue;
    const wanted = data.errors ? wrong : selected ? chosen : plain;
    // To read a colour from its text takes longer than to draw the box.
    if (wanted !== colour) pen.fillStyle = colour = wanted;
    const [x, y] = [(position.x - left) * scale, (position.y - top) * scale];
    pen.fillRect(x, y, Math.max(1.5, width * scale), Math.max(1.5, height * scale));
  }
  pen.strokeStyle = chosen;
  pen.lineWidth = 1.5;
  pen.strokeRect((view.left - left) * scale, (view.top - top) * scale, view.width * scale, view.height * scale);
  return frame;
}

/** Everything at a glance, with what is on the screen framed; pressing it goes there. */
export function Overview() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<Frame>({ left: 0, top: 0, scale: 1 });
  const flow = useStoreApi();
  const { setCenter, getZoom } = useReactFlow();

  useEffect(() => {
    let asked = 0;
    const refresh = (): void => {
      asked ||= setTimeout(() => {
        asked = 0;
        const { width, height, transform } = flow.getState();
        const [x, y, zoom] = transform;
        const view = new DOMRect(-x / zoom, -y / zoom, width / zoom, height / zoom);
        if (canvas.current) frame.current = draw(canvas.current, useComposer.getState().nodes, view);
      }, 80) as unknown as number;
    };
    refresh();
    const stops = [flow.subscribe(refresh), useComposer.subscribe(refresh), onTheme(refresh)];
    return () => {
      clearTimeout(asked);
      stops.forEach((stop) => {
        stop();
      });
    };
  }, [flow]);

  const go = (event: React.PointerEvent<HTMLCanvasElement>): void => {
    if (event.buttons !== 1) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const place = event.currentTarget.getBoundingClientRect();
    const { left, top, scale } = frame.current;
    void setCenter((event.clientX - place.left) / scale + left, (event.clientY - place.top) / scale + top, {
      zoom: getZoom(),
    });
  };

  return (
    <canvas
      ref={canvas}
      className="composer-overview"
      role="img"
      aria-label={gettext("Map of the whole twin")}
      onPointerDown={go}
      onPointerMove={go}
    />
  );
}
