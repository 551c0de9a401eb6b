/** A chart on a dashboard: uPlot, for many of them move at once. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { gettext } from "../common/gettext.ts";
import { lineOf, type Answer } from "../history/data.ts";
import type { TileSignal } from "../tiles/tile.ts";

const COLOURS = 6;
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

export class Plot {
  readonly element = document.createElement("div");
  private readonly signals: TileSignal[];
  private plot: uPlot | null = null;
  private data: uPlot.AlignedData = [[]];
  private size: [number, number] = [0, 0];
  private readonly sizes = new ResizeObserver(([entry]) => {
    if (!entry) return;
    this.size = [Math.floor(entry.contentRect.width), Math.floor(entry.contentRect.height)];
    if (this.plot) this.plot.setSize({ width: this.size[0], height: this.size[1] });
    else this.draw();
  });

  constructor(signals: TileSignal[]) {
    this.signals = signals;
    this.element.className = "widget-plot";
    this.element.setAttribute("role", "img");
    this.sizes.observe(this.element);
  }

  /** Shows what the history told, each signal on the axis of its unit. */
  show(answer: Answer): void {
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
    this.element.setAttribute("aria-label", this.spoken(answer));
    if (this.plot) this.plot.setData(this.data);
    else this.draw();
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
    const look = { stroke: ink, ticks: { stroke: line }, grid: { stroke: line } };
    this.plot = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: Object.fromEntries(units.map((unit) => [`u${unit}`, {}])),
        axes: [
          look,
          ...units.slice(0, 2).map((unit, index) => ({
            ...look,
            scale: `u${unit}`,
            size: 56,
            ...(index ? RIGHT : {}),
            grid: { show: !index, stroke: line },
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
      this.element,
    );
  }

  /** Draws anew: the theme has other colours. */
  recolour(): void {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
  }

  remove(): void {
    this.sizes.disconnect();
    this.plot?.destroy();
  }
}
