/** The document of a dashboard, and its changes: each gives a new document, so that all of them can be undone. */
export const COLUMNS = 12;
export const MOST_WIDGETS = 60;

export type Kind = "value" | "chart" | "gauge" | "bars" | "table" | "text";

export interface WidgetSignal {
  key: string;
  /** Without one: the asset that the viewer chooses. */
  asset?: string;
}

export interface Widget {
  id: string;
  kind: Kind;
  x: number;
  y: number;
  width: number;
  height: number;
  title?: string;
  signals?: WidgetSignal[];
  range_s?: number;
  low?: number;
  high?: number;
  target?: number;
  text?: string;
}

export interface Document {
  asset_type?: string;
  widgets: Widget[];
}

const SIZES: Record<Kind, [width: number, height: number]> = {
  value: [3, 2],
  chart: [6, 4],
  gauge: [3, 3],
  bars: [4, 4],
  table: [4, 4],
  text: [4, 2],
};

function overlap(one: Widget, other: Widget): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** The widgets with none over another: `first` keeps its place, what it would cover makes room downwards. */
export function settled(widgets: Widget[], first: string): Widget[] {
  const order = [...widgets].sort(
    (one, other) => Number(other.id === first) - Number(one.id === first) || one.y - other.y || one.x - other.x,
  );
  const placed: Widget[] = [];
  for (const each of order) {
    const widget = { ...each };
    let below = placed.find((other) => overlap(widget, other));
    while (below) {
      widget.y = below.y + below.height;
      below = placed.find((other) => overlap(widget, other));
    }
    placed.push(widget);
  }
  return widgets.map(({ id }) => placed.find((each) => each.id === id)).filter((each) => each !== undefined);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** The document with a widget moved and resized, within the grid. */
export function placed(
  document: Document,
  id: string,
  to: Partial<Pick<Widget, "x" | "y" | "width" | "height">>,
): Document {
  const widgets = document.widgets.map((widget) => {
    if (widget.id !== id) return widget;
    const wanted = { ...widget, ...to };
    const width = clamp(wanted.width, 1, COLUMNS);
    return {
      ...wanted,
      width,
      height: clamp(wanted.height, 1, 40),
      x: clamp(wanted.x, 0, COLUMNS - width),
      y: clamp(wanted.y, 0, 400),
    };
  });
  return { ...document, widgets: settled(widgets, id) };
}

/** The document with a new widget in the first place that has room for it, as one reads. */
export function added(document: Document, kind: Kind, id: string): Document {
  const [width, height] = SIZES[kind];
  const widget = { id, kind, x: 0, y: 0, width, height };
  while (document.widgets.some((other) => overlap(widget, other))) {
    widget.x += 1;
    if (widget.x + width <= COLUMNS) continue;
    widget.x = 0;
    widget.y += 1;
  }
  return { ...document, widgets: [...document.widgets, widget] };
}

export function removed(document: Document, id: string): Document {
  return { ...document, widgets: document.widgets.filter((widget) => widget.id !== id) };
}

/** The document with what a widget shows changed; what is undefined is taken out. */
export function changed(
  document: Document,
  id: string,
  to: { [Part in keyof Widget]?: Widget[Part] | undefined },
): Document {
  const widgets = document.widgets.map((widget) => {
    if (widget.id !== id) return widget;
    const entries = Object.entries({ ...widget, ...to }).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as unknown as Widget;
  });
  return { ...document, widgets };
}

/** What was, what is, and what was undone. */
export class Steps {
  private past: Document[] = [];
  private future: Document[] = [];
  now: Document;

  constructor(now: Document) {
    this.now = now;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  go(to: Document): void {
    if (JSON.stringify(to) === JSON.stringify(this.now)) return;
    this.past.push(this.now);
    this.now = to;
    this.future = [];
  }

  undo(): void {
    const before = this.past.pop();
    if (!before) return;
    this.future.push(this.now);
    this.now = before;
  }

  redo(): void {
    const after = this.future.pop();
    if (!after) return;
    this.past.push(this.now);
    this.now = after;
  }
}
