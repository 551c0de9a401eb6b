/** What each kind of widget shows. */
import { gettext } from "../common/gettext.ts";
import { ageInWords } from "../common/times.ts";
import { formatOf, type Reading } from "../live/fleet.ts";
import { qualityLook } from "../tiles/quality.ts";
import { icon } from "../common/dom.ts";
import { Tile, type TileSignal } from "../tiles/tile.ts";
import type { Widget } from "./document.ts";
import { Plot } from "./plot.ts";

const language = document.documentElement.lang || "en";

/** What stands in a widget's frame. */
export interface Shown {
  element: HTMLElement;
  tiles?: Tile[];
  plot?: Plot;
  /** Draws the newest readings, by `ASSET/KEY`. */
  update?: (latest: Map<string, Reading>, now: number) => void;
}

function made(name: string, tag = "div", text = ""): HTMLElement {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = text;
  return element;
}

function write(place: Element, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

/** The label of each signal: with its asset where there are several, or only the asset where all are of one kind. */
export function labelsOf(signals: TileSignal[]): string[] {
  const assets = new Set(signals.map(({ asset }) => asset));
  const names = new Set(signals.map(({ name }) => name));
  return signals.map(({ asset, name }) =>
    names.size === 1 && assets.size > 1 ? asset : assets.size === 1 ? name : `${asset} · ${name}`,
  );
}

export function shownOf(widget: Widget, signals: TileSignal[]): Shown {
  if (widget.kind === "text") return { element: made("widget-text", "div", widget.text ?? "") };
  if (!signals.length) return { element: made("widget-empty", "p", gettext("Nothing to show: choose a signal.")) };
  switch (widget.kind) {
    case "value":
      return values(signals);
    case "chart":
      return chart(signals);
    case "gauge":
      return gauge(widget, signals[0] as TileSignal);
    case "bars":
      return bars(widget, signals);
    case "table":
      return table(signals);
  }
}

function values(signals: TileSignal[]): Shown {
  const element = made("tiles widget-tiles");
  const tiles = signals.map((signal) => new Tile(signal));
  element.append(...tiles.map((tile) => tile.element));
  return { element, tiles };
}

function chart(signals: TileSignal[]): Shown {
  const [element, names, plot] = [made("widget-chart"), made("widget-names", "p"), new Plot(signals)];
  labelsOf(signals).forEach((label, index) => {
    const name = made(`widget-name series-${(index % 6) + 1}`, "span");
    name.append(made("", "span", label));
    names.append(name);
  });
  element.append(names, plot.element);
  return { element, plot };
}

function scaleOf(widget: Widget, { range }: TileSignal): [number, number] {
  const low = widget.low ?? (range ? Number(range[0]) : 0);
  const high = widget.high ?? (range ? Number(range[1]) : 100);
  return high > low ? [low, high] : [low, low + 1];
}

function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

function at(share: number, radius: number): string {
  const angle = Math.PI * (1 - share);
  return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 - radius * Math.sin(angle)).toFixed(2)}`;
}

function arc(share: number): string {
  return `M${at(0, 42)} A42 42 0 0 1 ${at(Math.min(Math.max(share, 0.001), 1), 42)}`;
}

function gauge(widget: Widget, signal: TileSignal): Shown {
  const [low, high] = scaleOf(widget, signal);
  const format = formatOf(signal, language);
  const share = (value: number): number => (value - low) / (high - low);
  const [element, figure, told] = [made("widget-gauge"), made("gauge-value", "p"), made("gauge-told", "p")];
  const drawing = svg("svg", { viewBox: "0 0 100 56", "aria-hidden": "true" });
  const pointer = svg("path", { class: "gauge-now", d: arc(0) });
  drawing.append(svg("path", { class: "gauge-all", d: arc(1) }), pointer);
  if (widget.target !== undefined) {
    const target = Math.min(Math.max(share(widget.target), 0), 1);
    drawing.append(svg("path", { class: "gauge-target", d: `M${at(target, 34)} L${at(target, 50)}` }));
  }
  const target = widget.target === undefined ? "" : gettext("target {value}", { value: format(widget.target) });
  told.textContent = [`${format(low)} – ${format(high)} ${signal.unit ?? ""}`, target].filter(Boolean).join(", ");
  element.append(drawing, figure, told);
  return {
    element,
    update: (latest) => {
      const reading = latest.get(signal.place);
      write(figure, reading ? `${format(reading[1])} ${signal.unit ?? ""}` : "–");
      pointer.setAttribute("d", arc(reading ? share(reading[1]) : 0));
    },
  };
}

function bars(widget: Widget, signals: TileSignal[]): Shown {
  const element = made("widget-bars", "ul");
  const rows = signals.map((signal, index) => {
    const [row, name, value] = [made("", "li"), made("", "span", labelsOf(signals)[index]), made("bar-value", "span")];
    const bar = svg("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" });
    const [low, high] = scaleOf(widget, signal);
    const filled = svg("rect", { class: "bar-now", x: 0, y: 0, height: 4, width: 0 });
    bar.append(svg("rect", { class: "bar-all", x: 0, y: 0, height: 4, width: 100 }), filled);
    if (widget.target !== undefined) {
      const x = (100 * (widget.target - low)) / (high - low);
      bar.append(svg("rect", { class: "bar-target", x, y: 0, height: 4, width: 0.6 }));
    }
    row.append(name, value, bar);
    element.append(row);
    const format = formatOf(signal, language);
    return (latest: Map<string, Reading>): void => {
      const reading = latest.get(signal.place);
      write(value, reading ? `${format(reading[1])} ${signal.unit ?? ""}` : "–");
      const share = reading ? (reading[1] - low) / (high - low) : 0;
      filled.setAttribute("width", (100 * Math.min(Math.max(share, 0), 1)).toFixed(1));
    };
  });
  return {
    element,
    update: (latest) => {
      for (const row of rows) row(latest);
    },
  };
}

function table(signals: TileSignal[]): Shown {
  const frame = made("widget-table");
  frame.tabIndex = 0; // more rows than fit are scrolled to, also with the keys
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", gettext("Latest values"));
  const sheet = document.createElement("table");
  sheet.className = "sheet";
  const caption = sheet.createCaption();
  caption.className = "visually-hidden";
  caption.textContent = gettext("Latest values");
  const head = sheet.createTHead().insertRow();
  const words = [gettext("Signal"), gettext("Value"), gettext("Quality"), gettext("Age")];
  words.forEach((word, index) => {
    const cell = made(index === 1 ? "numeric" : "", "th", word) as HTMLTableCellElement;
    cell.scope = "col";
    head.append(cell);
  });
  const body = sheet.createTBody();
  const rows = signals.map((signal, index) => {
    const row = body.insertRow();
    const cells = [labelsOf(signals)[index] ?? "", "–", "–", "–"].map((text, column) => {
      const cell = row.insertCell();
      cell.dataset.label = words[column] ?? "";
      cell.textContent = text;
      if (column === 1) cell.className = "numeric";
      return cell;
    });
    const format = formatOf(signal, language);
    let shown = -1;
    return (latest: Map<string, Reading>, now: number): void => {
      const reading = latest.get(signal.place);
      if (!reading) return;
      const [, value, quality, age] = cells;
      if (!value || !quality || !age) return;
      write(value, `${format(reading[1])} ${signal.unit ?? ""}`);
      write(age, ageInWords(Date.parse(reading[0]), now));
      if (shown === reading[2]) return;
      shown = reading[2];
      const [word, name, tone] = qualityLook(shown);
      const state = made(`state state-${tone}`, "span");
      state.append(icon(name), made("", "span", word));
      quality.replaceChildren(state);
    };
  });
  frame.append(sheet);
  return {
    element: frame,
    update: (latest, now) => {
      for (const row of rows) row(latest, now);
    },
  };
}
