/** A chart on a dashboard: uPlot, for many of them move at once. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { gettext } from "../common/gettext.ts";
import { momentInWords } from "../common/times.ts";
import { lineOf, type Answer, type Stretch } from "../history/data.ts";
import { priorityInWords, within, type AlarmSpan } from "../history/spans.ts";
import { ticks, tickTexts } from "../history/clock.ts";
import type { TileSignal } from "../tiles/tile.ts";

const COLOURS = 6;
const TICK_WIDTH = 90;
const MOST_ALARMS = 40;
const language = document.documentElement.lang || "en";
const number = new Intl.NumberFormat(language, { maximumSignificantDigits: 7 });
/** The side of an axis: uPlot declares it as an enumeration that is not there when the page runs. */
const RIGHT: object = { side: 1 };

function colour(place: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.className = name;
  place.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function fontOf(place: HTMLElement): string {
  return `12px ${getComputedStyle(place).fontFamily}`;
}

export class Plot {
  readonly element = document.createElement("div");
  private readonly drawing = document.createElement("div");
  private readonly signals: TileSignal[];
  private plot: uPlot | null = null;
  private data: uPlot.AlignedData = [[]];
  private stretch: Stretch = [0, 0];
  private size: [number, number] = [0, 0];
  private readonly alarms = document.createElement("div");
  private spans: AlarmSpan[] = [];
  private page = "";
  private readonly sizes = new ResizeObserver(([entry]) => {
    if (!entry) return;
    this.size = [Math.floor(entry.contentRect.width), Math.floor(entry.contentRect.height)];
    if (this.plot) this.plot.setSize({ width: this.size[0], height: this.size[1] });
    else this.draw();
    this.layAlarms();
  });

  constructor(signals: TileSignal[]) {
    this.signals = signals;
    this.element.className = "widget-plot";
    this.drawing.className = "widget-drawing";
    this.drawing.setAttribute("role", "img");
    this.alarms.className = "widget-alarms";
    this.element.append(this.drawing, this.alarms);
    this.sizes.observe(this.element);
  }

  /** Shows what the history told of a stretch of time, all of which is drawn; each signal on the axis of its unit. */
  show(answer: Answer, stretch: Stretch): void {
    this.stretch = stretch;
    const lines = this.signals.map(({ place }) => {
      const history = answer.signals.find(({ asset, key }) => `${asset}/${key}` === place);
      const line = history ? lineOf(history) : null;
      return [line ? line.times.map((time) => time / 1000) : [], line ? line.values : []];
    });
    // A null between two readings lifts the line; uPlot.join aligns the signals, whose instants differ.
    this.data = lines.length
      ? uPlot.join(
          lines as uPlot.AlignedData[],
          lines.map(() => [1, 2]),
        )
      : [[]];
    this.drawing.setAttribute("aria-label", this.spoken(answer));
    if (this.plot) this.plot.setData(this.data);
    else this.draw();
    this.layAlarms();
  }

  /** Shows when alarms of the chart's assets were active; each opens its alarm below `page`. */
  showAlarms(spans: AlarmSpan[], page: string): void {
    const assets = new Set(this.signals.map(({ place }) => place.slice(0, 36)));
    const mine = spans.filter(({ asset }) => assets.has(asset)).slice(0, MOST_ALARMS);
    if (JSON.stringify(mine) === JSON.stringify(this.spans)) {
      this.layAlarms();
      return;
    }
    [this.spans, this.page] = [mine, page];
    const focused = this.alarms.contains(document.activeElement)
      ? document.activeElement?.getAttribute("href")
      : undefined;
    this.alarms.replaceChildren(...mine.map((span) => this.alarmLink(span)));
    this.layAlarms();
    if (focused) this.alarms.querySelector<HTMLElement>(`[href="${focused}"]`)?.focus();
  }

  private alarmLink(span: AlarmSpan): HTMLElement {
    const link = document.createElement("a");
    const moment = (text: string): string => momentInWords(new Date(text), language, "medium");
    link.href = `${this.page}${span.alarm}/`;
    link.className = `widget-alarm priority-${span.priority}`;
    link.title = gettext("{priority} alarm: {asset}, {name}, {start} – {end}", {
      priority: priorityInWords(span.priority),
      asset: span.asset_name,
      name: span.name,
      start: span.start ? moment(span.start) : gettext("from before"),
      end: span.end ? moment(span.end) : gettext("still active"),
    });
    link.setAttribute("aria-label", link.title);
    return link;
  }

  /** Puts the alarms where the chart's time has them. */
  private layAlarms(): void {
    const { plot, stretch } = this;
    const [low, high] = stretch;
    if (!plot || high <= low) return;
    const [edge, width] = [plot.over.offsetLeft, plot.over.clientWidth];
    const at = (moment: number): number => ((moment - low) / (high - low)) * width;
    this.spans.forEach((span, index) => {
      const link = this.alarms.children[index];
      if (!(link instanceof HTMLElement)) return;
      const [from, to] = within(span, stretch);
      link.hidden = to < from;
      const [left, right] = [at(from), at(to)];
      link.style.insetInlineStart = `${edge + Math.max(0, Math.min(left, width - 24))}px`;
      link.style.setProperty("--length", `${Math.max(right - left, 4)}px`);
    });
  }

  private spoken(answer: Answer): string {
    return answer.signals
      .map(({ asset, key, columns }) => {
        const signal = this.signals.find(({ place }) => place === `${asset}/${key}`);
        const values = (columns.value ?? columns.avg ?? []).filter((value) => value !== null);
        const name = `${signal?.asset ?? ""} · ${signal?.name ?? key}`;
        return values.length
          ? gettext("{name}: {low} to {high} {unit}", {
              name,
              low: Math.min(...values),
              high: Math.max(...values),
              unit: signal?.unit ?? "",
            })
          : gettext("{name}: no reading in this time", { name });
      })
      .join("; ");
  }

  private draw(): void {
    const [width, height] = this.size;
    if (!width || !height || this.data.length < 2) return;
    const units = [...new Set(this.signals.map(({ unit }) => unit ?? ""))];
    const [ink, line] = [colour(this.element, "chart-soft"), colour(this.element, "chart-line")];
    const look = {
      stroke: ink,
      ticks: { stroke: line, width: 1 },
      grid: { stroke: line, width: 1 },
      font: fontOf(this.element),
    };
    this.plot = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: {
          x: { range: () => [this.stretch[0] / 1000, this.stretch[1] / 1000] },
          ...Object.fromEntries(units.map((unit) => [`u${unit}`, {}])),
        },
        axes: [
          {
            ...look,
            size: 44,
            splits: (_plot, _axis, from, to) =>
              ticks([from * 1000, to * 1000], this.size[0] / TICK_WIDTH).map((moment) => moment / 1000),
            values: (_plot, splits) =>
              tickTexts(
                splits.map((split) => split * 1000),
                language,
              ).map((text) => text.replace("<br>", "\n")),
          },
          ...units.slice(0, 2).map((unit, index) => ({
            ...look,
            scale: `u${unit}`,
            size: 64,
            ...(unit ? { label: unit, labelSize: 20, labelFont: look.font } : {}),
            values: (_plot: uPlot, splits: number[]): string[] => splits.map((split) => number.format(split)),
            ...(index ? RIGHT : {}),
            grid: { show: !index, stroke: line, width: 1 },
          })),
        ],
        series: [
          {},
          ...this.signals.map(({ unit }, index) => ({
            scale: `u${unit ?? ""}`,
            stroke: colour(this.element, `series-${(index % COLOURS) + 1}`),
            width: 1.5,
            points: { show: false },
          })),
        ],
      },
      this.data,
      this.drawing,
    );
  }

  /** Draws anew: the theme has other colours. */
  recolour(): void {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
    this.layAlarms();
  }

  remove(): void {
    this.sizes.disconnect();
    this.plot?.destroy();
  }
}
