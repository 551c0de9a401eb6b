/** The grid: a frame for each widget, and while it is arranged, moving and resizing by pointer and by keys. */
import { icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { COLUMNS, type Widget } from "./document.ts";

export const ROW_PX = 72;
export const GAP_PX = 12;

type Place = Partial<Pick<Widget, "x" | "y" | "width" | "height">>;

export interface Arranging {
  move: (id: string, to: Place) => void;
  choose: (id: string) => void;
  remove: (id: string) => void;
}

export interface Frame {
  element: HTMLElement;
  body: HTMLElement;
  widget: Widget;
}

const STEPS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where a widget lies; on a phone the grid has one column and widgets follow one another. */
export function lay(element: HTMLElement, widget: Widget): void {
  element.style.setProperty("--x", String(widget.x + 1));
  element.style.setProperty("--y", String(widget.y + 1));
  element.style.setProperty("--width", String(widget.width));
  element.style.setProperty("--height", String(widget.height));
}

export function titleOf(widget: Widget): string {
  const words: Record<Widget["kind"], string> = {
    value: gettext("Values"),
    chart: gettext("Chart"),
    gauge: gettext("Gauge"),
    bars: gettext("Bars"),
    table: gettext("Table"),
    text: gettext("Text"),
  };
  return widget.title ?? words[widget.kind];
}

/** What keys do to a widget that has the focus: arrows move it, with Shift they resize it. */
export function onKey(event: KeyboardEvent, widget: Widget, arranging: Arranging): boolean {
  const step = STEPS[event.key];
  if (step) {
    const [x, y] = step;
    if (event.shiftKey) arranging.move(widget.id, { width: widget.width + x, height: widget.height + y });
    else arranging.move(widget.id, { x: widget.x + x, y: widget.y + y });
    return true;
  }
  if (event.key === "Delete") arranging.remove(widget.id);
  else if (event.key === "Enter" || event.key === " ") arranging.choose(widget.id);
  else return false;
  return true;
}

export function frameOf(widget: Widget, arranging: Arranging | null): Frame {
  const [element, head, title, body] = [
    document.createElement("div"),
    document.createElement("header"),
    document.createElement("h2"),
    document.createElement("div"),
  ];
  element.className = `widget widget-${widget.kind}-frame`;
  element.dataset.widget = widget.id;
  title.textContent = titleOf(widget);
  title.id = `widget-${widget.id}`;
  // A group, not a landmark: two widgets may well have one name.
  element.setAttribute("role", "group");
  element.setAttribute("aria-labelledby", title.id);
  body.className = "widget-body";
  // What can be longer than its frame is scrolled by keys too.
  if (widget.kind !== "chart" && widget.kind !== "gauge") body.tabIndex = 0;
  head.append(title);
  // Without a title of its own it is still the heading that those of its values stand below.
  if (!arranging && !widget.title) head.className = "visually-hidden";
  element.append(head, body);
  lay(element, widget);
  const frame = { element, body, widget };
  if (arranging) arrange(frame, head, arranging);
  return frame;
}

function arrange(frame: Frame, head: HTMLElement, arranging: Arranging): void {
  const { element, widget } = frame;
  const [handle, corner] = [document.createElement("button"), document.createElement("span")];
  handle.type = "button";
  handle.className = "widget-handle";
  handle.setAttribute("aria-label", gettext("Arrange {name}", { name: titleOf(widget) }));
  handle.setAttribute("aria-describedby", "dashboard-keys");
  handle.append(icon("grip-vertical"));
  head.prepend(handle);
  handle.addEventListener("keydown", (event) => {
    if (onKey(event, frame.widget, arranging)) event.preventDefault();
  });
  corner.className = "widget-corner";
  element.append(corner);
  drag(frame, head, arranging, (from, x, y) => ({ x: from.x + x, y: from.y + y }));
  drag(frame, corner, arranging, (from, x, y) => ({ width: from.width + x, height: from.height + y }));
}

/** Moves in whole cells while the pointer does; a click without a move is none. */
function drag(
  frame: Frame,
  grip: HTMLElement,
  arranging: Arranging,
  to: (from: Widget, x: number, y: number) => Place,
): void {
  grip.addEventListener("pointerdown", (down) => {
    const grid = frame.element.parentElement;
    if (down.button !== 0 || !grid) return;
    const from = { ...frame.widget };
    const column = (grid.clientWidth + GAP_PX) / COLUMNS;
    grip.setPointerCapture(down.pointerId);
    let [lastX, lastY, hasMoved] = [0, 0, false];
    const move = (event: PointerEvent): void => {
      const x = Math.round((event.clientX - down.clientX) / column);
      const y = Math.round((event.clientY - down.clientY) / (ROW_PX + GAP_PX));
      if (x === lastX && y === lastY) return;
      [lastX, lastY, hasMoved] = [x, y, true];
      arranging.move(from.id, to(from, x, y));
    };
    const end = (up: PointerEvent): void => {
      if (!hasMoved && up.type === "pointerup") arranging.choose(from.id);
      grip.removeEventListener("pointermove", move);
      grip.removeEventListener("pointerup", end);
      grip.removeEventListener("pointercancel", end);
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", end);
    grip.addEventListener("pointercancel", end);
  });
}
