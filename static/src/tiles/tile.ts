/** One signal as it is now: its value, unit, age and quality, and a line of its last minutes. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { iconAddress } from "../common/dom.ts";
import { ageInWords } from "../common/times.ts";
import { formatOf, type Signal } from "../live/fleet.ts";
import { qualityLook, silentLook, unknownLook, type Look } from "./quality.ts";
import { Recent } from "./recent.ts";

export interface TileSignal extends Signal {
  /** `ASSET/KEY`. */
  place: string;
  asset: string;
  /** Seconds it may be silent. */
  patience?: number | undefined;
}

const language = document.documentElement.lang || "en";
const LINE_HEIGHT = 36;

function write(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

function part(name: string, tag = "span"): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

export class Tile {
  readonly element = part("tile", "article");
  readonly recent = new Recent();
  readonly signal: TileSignal;
  inSight = false;
  private readonly value = part("tile-value");
  private readonly age = part("tile-age", "time") as HTMLTimeElement;
  private readonly quality = part("state");
  private readonly word = part("");
  private readonly use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  private readonly line = part("tile-line", "div");
  private readonly format: (value: number) => string;
  private plot: uPlot | null = null;
  private width = 0;
  private shownQuality = "";

  constructor(signal: TileSignal, title = `${signal.asset} · ${signal.name}`) {
    this.signal = signal;
    this.format = formatOf(signal, language);
    const [name, unit, row, foot] = [
      part("tile-name", "h3"),
      part("unit"),
      part("tile-row", "p"),
      part("tile-foot", "p"),
    ];
    name.textContent = name.title = title;
    unit.textContent = signal.unit ?? "";
    row.append(this.value, unit);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    svg.append(this.use);
    this.quality.append(svg, this.word);
    foot.append(this.quality, this.age);
    this.line.setAttribute("aria-hidden", "true");
    this.element.append(name, row, this.line, foot);
  }

  /** Takes the width that the layout gave it, so that drawing need never ask. */
  resize(width: number): void {
    this.width = Math.floor(width);
    this.plot?.setSize({ width: this.width, height: LINE_HEIGHT });
  }

  /** Writes what has changed; reads nothing of the layout. */
  show(now: number): void {
    const { recent } = this;
    const { moment } = recent;
    write(this.value, moment === null ? "–" : this.format(recent.value));
    this.showAge(moment, now);
    this.showQuality(this.look(moment, now));
    this.draw();
  }

  private showAge(moment: number | null, now: number): void {
    write(this.age, moment === null ? "" : ageInWords(moment, now));
    if (this.age.dateTime !== this.recent.at) this.age.dateTime = this.recent.at;
  }

  private look(moment: number | null, now: number): Look {
    if (moment === null) return unknownLook();
    if (now - moment > 1000 * (this.signal.patience ?? Infinity)) return silentLook();
    return qualityLook(this.recent.quality);
  }

  private showQuality([word, name, tone]: Look): void {
    if (this.shownQuality === word) return;
    this.shownQuality = word;
    this.word.textContent = word;
    this.use.setAttribute("href", iconAddress(name));
    this.quality.className = `state state-${tone}`;
  }

  private draw(): void {
    const { times, values } = this.recent;
    if (this.plot) {
      this.plot.setData([times, values]);
      return;
    }
    if (!this.width || times.length < 2) return;
    this.plot = new uPlot(
      {
        width: this.width,
        height: LINE_HEIGHT,
        padding: [3, 0, 3, 0],
        cursor: { show: false },
        legend: { show: false },
        axes: [{ show: false }, { show: false }],
        series: [{}, { stroke: getComputedStyle(this.line).color, width: 1.5, points: { show: false } }],
      },
      [times, values],
      this.line,
    );
  }

  /** Draws the line anew: the theme has other colours. */
  recolour(): void {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
  }
}
