/** The chart: plotly, loaded with the first drawing. */
import { onTheme } from "../common/theme.ts";
import { DAY } from "./address.ts";
import { ahead, offsetInWords, ticks, tickTexts } from "./clock.ts";
import type { Line, Stretch } from "./data.ts";
import { grouped, markOf, within, type AlarmSpan, type Priority } from "./spans.ts";

export interface Trace {
  label: string;
  unit: string;
  line: Line;
  /** Which colour: that of its signal. */
  place: number;
  isPast: boolean;
  isChosen: boolean;
}

export interface Mark {
  start: number;
  end: number | null;
  label: string;
}

export interface Picture {
  traces: Trace[];
  marks: Mark[];
  alarms: AlarmSpan[];
  stretch: Stretch;
}

const language = document.documentElement.lang || "en";
const MOST_SHADES = 200;
const MOST_LABELS = 30;
const MOST_GROUNDS = 20;
const DASHES = ["solid", "dot", "dash", "longdash", "dashdot", "longdashdot"];
const COLOURS = 6;

const TICK_WIDTH = 110;
const PRIORITIES: Priority[] = ["critical", "high", "medium", "low"];

/** Plotly knows no zones: a moment is given as what a clock shows that is never put forward or back. */
type Clock = (moment: number) => number;

/** The moment of which such a clock shows what plotly tells. */
function fromClock(text: unknown, offset: number): number {
  const shown = typeof text === "number" ? text : Date.parse(`${String(text).replace(" ", "T")}Z`);
  return (Number.isNaN(shown) ? Date.parse(String(text)) : shown) - offset;
}

function style(place: HTMLElement, name: string): string {
  // A colour as a probe has it: custom properties hold light-dark(), which plotly cannot read.
  const probe = document.createElement("i");
  probe.className = name;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!canvas) return color;
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

interface Look {
  ink: string;
  soft: string;
  line: string;
  ground: string;
  mark: string;
  doubt: string;
  alarms: Record<Priority, string>;
  series: string[];
  font: string;
}

function lookAt(place: HTMLElement): Look {
  const series = Array.from({ length: COLOURS }, (_, index) => style(place, `series-${index + 1}`));
  const [ink, soft, line] = [style(place, "chart-ink"), style(place, "chart-soft"), style(place, "chart-line")];
  const [ground, mark, doubt] = [style(place, "chart-ground"), style(place, "chart-mark"), style(place, "chart-doubt")];
  const alarms = Object.fromEntries(
    PRIORITIES.map((each) => [each, style(place, `priority-${each}`)]),
  ) as Look["alarms"];
  return { ink, soft, line, ground, mark, doubt, alarms, series, font: getComputedStyle(place).fontFamily };
}

function faded(colour: string, share: number): string {
  return colour.replace("rgb(", "rgba(").replace(")", `, ${share})`);
}

/** The ground between the lowest and the highest, a shape for each run without a gap. */
function band({ times, low, high }: Line, onClock: Clock): { x: (number | null)[]; y: (number | null)[] } {
  const [x, y]: [(number | null)[], (number | null)[]] = [[], []];
  let run: number[] = [];
  const close = (): void => {
    if (run.length > 1) {
      const back = [...run].reverse();
      x.push(...[...run, ...back].map((index) => onClock(times[index] ?? 0)), null);
      y.push(...run.map((index) => high[index] ?? null), ...back.map((index) => low[index] ?? null), null);
    }
    run = [];
  };
  low.forEach((value, index) => {
    if (value === null) close();
    else run.push(index);
  });
  close();
  return { x, y };
}

function drawn(trace: Trace, axis: string, look: Look, onClock: Clock): object[] {
  const colour = look.series[trace.place % COLOURS] ?? look.ink;
  const shared = { type: "scatter", yaxis: axis, showlegend: false };
  const dash = trace.isPast ? "dot" : DASHES[Math.floor(trace.place / COLOURS)];
  const { line } = trace;
  const isBand = line.low.some((value, index) => value !== line.high[index]);
  const ground =
    isBand && !trace.isPast
      ? [
          {
            ...shared,
            ...band(line, onClock),
            mode: "none",
            fill: "toself",
            fillcolor: faded(colour, 0.16),
            hoverinfo: "skip",
          },
        ]
      : [];
  const curve = {
    ...shared,
    x: line.times.map(onClock),
    y: line.values,
    mode: line.times.length < 60 ? "lines+markers" : "lines",
    marker: { size: 4 },
    opacity: trace.isPast ? 0.75 : 1,
    line: { color: colour, width: trace.isChosen ? 3 : 1.5, dash },
    name: trace.label,
    hovertemplate: `%{y:,.6~g} ${trace.unit}<extra>%{fullData.name}</extra>`,
    connectgaps: false,
  };
  return [...ground, curve];
}

function axes(units: string[], look: Look): Record<string, object> {
  return Object.fromEntries(
    units.map((unit, index) => [
      index ? `yaxis${index + 1}` : "yaxis",
      {
        title: { text: unit || "–", font: { color: look.soft } },
        gridcolor: index ? "rgba(0,0,0,0)" : look.line,
        zerolinecolor: look.soft,
        tickfont: { color: look.soft },
        automargin: true,
        fixedrange: true,
        separatethousands: true,
        exponentformat: "power",
        ...(index ? { overlaying: "y", tickmode: "auto", zeroline: false, side: index % 2 ? "right" : "left" } : {}),
        ...(index > 1 ? { anchor: "free", autoshift: true, shift: index % 2 ? 8 : -8 } : {}),
      },
    ]),
  );
}

function shades(picture: Picture, look: Look, onClock: Clock): object[] {
  const doubtful = picture.traces.filter((trace) => !trace.isPast).flatMap((trace) => trace.line.doubtful);
  const across = { type: "rect", xref: "x", yref: "paper", y0: 0, y1: 1, layer: "below" };
  return doubtful.slice(0, MOST_SHADES).map(([from, to]) => ({
    ...across,
    x0: onClock(from),
    x1: onClock(to),
    fillcolor: faded(look.doubt, 0.14),
    line: { color: faded(look.doubt, 0.35), width: 1 },
  }));
}

function marked(marks: Mark[], look: Look, onClock: Clock): { shapes: object[]; annotations: object[] } {
  const across = { xref: "x", yref: "paper", y0: 0, y1: 1, layer: "below" };
  return {
    shapes: marks.map(({ start, end }) => ({
      ...across,
      type: end === null ? "line" : "rect",
      x0: onClock(start),
      x1: onClock(end ?? start),
      fillcolor: faded(look.mark, 0.1),
      line: { color: look.mark, width: 1.5, dash: "dash" },
    })),
    annotations: marks.map(({ start, label }) => ({
      x: onClock(start),
      y: 1,
      yref: "paper",
      yanchor: "bottom",
      showarrow: false,
      text: label,
      font: { color: look.mark, size: 12 },
    })),
  };
}

/** Alarms as bars at the foot, a row for each priority and the more urgent the thicker; a few with a ground above. */
function alarmed(picture: Picture, look: Look, onClock: Clock): { shapes: object[]; annotations: object[] } {
  const { alarms, stretch } = picture;
  const shortest = (stretch[1] - stretch[0]) / 400;
  const hasGround = alarms.length <= MOST_GROUNDS;
  const shapes = alarms.flatMap((span) => {
    const [start, end] = within(span, stretch);
    const colour = look.alarms[span.priority];
    const [y0, y1] = rowOf(span.priority);
    // What is shorter than the eye can see is drawn as long as it can.
    const x1 = onClock(Math.max(end, start + shortest));
    const shape = { type: "rect", xref: "x", yref: "paper", x0: onClock(start), x1, line: { width: 0 } };
    const ground = { ...shape, y0: 0, y1: 1, layer: "below", fillcolor: faded(colour, 0.07) };
    return [...(hasGround ? [ground] : []), { ...shape, y0, y1, layer: "above", fillcolor: colour }];
  });
  const annotations = grouped(alarms)
    .slice(0, MOST_LABELS)
    .map(([span]) => ({
      x: onClock(within(span, stretch)[0]),
      y: rowOf(span.priority)[1],
      yref: "paper",
      xanchor: "left",
      yanchor: "bottom",
      showarrow: false,
      text: markOf(span, alarms),
      bgcolor: look.ground,
      font: { color: look.alarms[span.priority], size: 12 },
    }));
  return { shapes, annotations };
}

/** Where the row of a priority lies, in shares of the height. */
function rowOf(priority: Priority): [number, number] {
  const rank = PRIORITIES.length - PRIORITIES.indexOf(priority);
  const foot = PRIORITIES.slice(PRIORITIES.indexOf(priority) + 1).length * 0.03;
  return [foot, foot + 0.006 * rank];
}

/** The axis of time: round moments of the viewer's clock, also to either side, where somebody may pull it. */
function timeAxis([from, to]: Stretch, width: number, look: Look, onClock: Clock): object {
  const length = to - from;
  const found = ticks([from - length, to + length], (3 * width) / TICK_WIDTH);
  const shown = found.filter((moment) => moment >= from);
  const texts = [...found.filter((moment) => moment < from).map(() => ""), ...tickTexts(shown, language)];
  const zone = offsetInWords(ahead(from));
  // Where the clock is put forward or back meanwhile, the hover says which of its times it means.
  const day = length < 2 * DAY && length > 60_000 ? "%H:%M:%S" : "%H:%M";
  const hover = `%{x|%Y-%m-%d ${length <= 60_000 ? "%H:%M:%S.%L" : day}}${ahead(from) === ahead(to) ? "" : ` (${zone})`}`;
  return {
    type: "date",
    range: [onClock(from), onClock(to)],
    tickmode: "array",
    tickvals: found.map(onClock),
    ticktext: texts,
    title: { text: zoneName(to), font: { color: look.soft, size: 12 }, standoff: 4 },
    unifiedhovertitle: { text: hover },
    gridcolor: look.line,
    tickfont: { color: look.soft },
  };
}

function zoneName(moment: number): string {
  const [name, offset] = [Intl.DateTimeFormat().resolvedOptions().timeZone, offsetInWords(ahead(moment))];
  return name === offset ? name : `${name} (${offset})`;
}

/** The decimal mark and that of thousands in the viewer's language, as plotly takes them. */
function separators(): string {
  const parts = new Intl.NumberFormat(language).formatToParts(12345.6);
  const mark = (type: string): string => parts.find((part) => part.type === type)?.value ?? "";
  return `${mark("decimal") || "."}${mark("group")}`;
}

export class Chart {
  private readonly place: HTMLElement;
  private readonly moved: (stretch: Stretch) => void;
  private isHeard = false;
  private offset = 0;
  private picture: Picture | null = null;

  /** `moved` is told when a person has dragged or scrolled to another stretch. */
  constructor(place: HTMLElement, moved: (stretch: Stretch) => void) {
    this.place = place;
    this.moved = moved;
    onTheme(() => void this.again());
  }

  private async again(): Promise<void> {
    if (this.picture) await this.show(this.picture);
  }

  async show(picture: Picture): Promise<void> {
    this.picture = picture;
    const { default: plotly } = await import("plotly.js-basic-dist-min");
    const look = lookAt(this.place);
    const units = [...new Set(picture.traces.map(({ unit }) => unit))];
    const axisOf = (unit: string): string => (units.indexOf(unit) > 0 ? `y${units.indexOf(unit) + 1}` : "y");
    this.offset = ahead(picture.stretch[0]);
    const onClock = (moment: number): number => moment + this.offset;
    const [notes, alarms] = [marked(picture.marks, look, onClock), alarmed(picture, look, onClock)];
    const layout = {
      autosize: true,
      dragmode: "zoom",
      hovermode: "x unified",
      margin: { l: 56, r: units.length > 1 ? 56 : 16, t: 24, b: 56 },
      font: { family: look.font, color: look.ink, size: 13 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      hoverlabel: { bgcolor: look.ground, font: { color: look.ink } },
      separators: separators(),
      xaxis: timeAxis(picture.stretch, this.place.clientWidth, look, onClock),
      ...axes(units, look),
      shapes: [...shades(picture, look, onClock), ...alarms.shapes, ...notes.shapes],
      annotations: [...alarms.annotations, ...notes.annotations],
    };
    const config = { displayModeBar: false, responsive: true, scrollZoom: true, doubleClick: false };
    const traces = picture.traces.flatMap((trace) => drawn(trace, axisOf(trace.unit), look, onClock));
    const chart = await plotly.react(this.place, traces, layout, config);
    if (this.isHeard) return;
    this.isHeard = true;
    chart.on("plotly_relayout", (change) => {
      const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      if (from !== undefined && to !== undefined)
        this.moved([fromClock(from, this.offset), fromClock(to, this.offset)]);
    });
  }

  /** The chart as a PNG of twice its size on the screen. */
  async png(): Promise<Blob> {
    const { default: plotly } = await import("plotly.js-basic-dist-min");
    const { width, height } = this.place.getBoundingClientRect();
    const drawing = new Image();
    drawing.src = await plotly.toImage(this.place, { format: "svg", width, height });
    await drawing.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width * 2, height * 2];
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.fillStyle = lookAt(this.place).ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(drawing, 0, 0, canvas.width, canvas.height);
    return new Promise((done, failed) => {
      canvas.toBlob((blob) => {
        if (blob) done(blob);
        else failed(new Error("no picture"));
      });
    });
  }
}
