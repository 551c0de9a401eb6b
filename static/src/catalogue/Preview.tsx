import "./preview.css";
import { useEffect, useRef, useState, type RefObject } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { gettext } from "../common/gettext.ts";
import { onTheme } from "../common/theme.ts";
import { symbol } from "../common/units.ts";
import type { Preview } from "./session.ts";

const language = document.documentElement.lang || "en";
const HEIGHT = 132;
/** Steps between the times at the foot, in seconds. */
const MINUTES = [1, 2, 5, 10, 20, 30, 60, 120, 240, 360, 720, 1440].map((minutes) => minutes * 60);

function numbers(values: Preview["values"]): (number | null)[] {
  return values.map((value) => (typeof value === "boolean" ? Number(value) : typeof value === "number" ? value : null));
}

function written(value: number): string {
  return value.toLocaleString(language, { maximumSignificantDigits: 5 });
}

/** What is to be seen in the chart, in words. */
function summary({ values, unit, sort }: Preview): string {
  const known = numbers(values).filter((value) => value !== null);
  const unknown = values.length - known.length;
  const gaps = unknown
    ? ` ${gettext("Unknown for {count} of {all} instants.", { count: unknown, all: values.length })}`
    : "";
  if (known.length === 0) return gettext("Unknown over all of the sample data.");
  if (sort === "truth") {
    const share = known.filter(Boolean).length / known.length;
    return gettext("True for {share} of the sample data.", { share: `${Math.round(share * 100)} %` }) + gaps;
  }
  const words = symbol(unit ?? "1");
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const last = known.at(-1) ?? 0;
  return (
    gettext("From {low} to {high} {unit}, at last {last}.", {
      low: written(low),
      high: written(high),
      unit: words,
      last: written(last),
    }).replace(" ,", ",") + gaps
  );
}

function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watcher = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.floor(entry.contentRect.width));
    });
    if (place.current) watcher.observe(place.current);
    return () => {
      watcher.disconnect();
    };
  }, []);
  return [place, width];
}

/** Which theme is shown, so that what a canvas has drawn is drawn anew in its colours. */
function useTheme(): string {
  const [theme, setTheme] = useState("");
  useEffect(
    () =>
      onTheme(() => {
        const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
        setTheme(`${document.documentElement.dataset["bsTheme"] ?? ""} ${String(isDark)}`);
      }),
    [],
  );
  return theme;
}

function colour(place: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.className = name;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** What a formula gives over sample data, as a small chart with its summary in words. */
export function PreviewChart({ preview, isOld }: { preview: Preview; isOld: boolean }) {
  const [place, width] = useWidth();
  const theme = useTheme();
  useEffect(() => {
    const target = place.current;
    if (!target || width === 0) return undefined;
    const isTruth = preview.sort === "truth";
    const [ink, grid, line] = [colour(target, "type-ink"), colour(target, "type-grid"), colour(target, "type-line")];
    const axis = {
      stroke: ink,
      font: "12px 'IBM Plex Sans Variable', sans-serif",
      grid: { stroke: grid, width: 1 },
      ticks: { show: false },
    };
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const chart = new uPlot(
      {
        width,
        height: HEIGHT,
        padding: [8, 8, 0, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { time: false }, ...(isTruth ? { y: { range: [-0.1, 1.1] } } : {}) },
        axes: [
          {
            ...axis,
            size: 24,
            space: 72,
            incrs: MINUTES,
            values: (_, ticks) => ticks.map((tick) => `${written(tick / 60)} min`),
          },
          {
            ...axis,
            size: 60,
            ...(isTruth
              ? { splits: () => [0, 1], values: () => [gettext("false"), gettext("true")] }
              : { values: (_: uPlot, ticks: number[]) => ticks.map(written) }),
          },
        ],
        series: [
          {},
          { stroke: line, width: 1.75, points: { show: false }, ...(isTruth && stepped ? { paths: stepped } : {}) },
        ],
      },
      [preview.at, numbers(preview.values)],
      target,
    );
    return () => {
      chart.destroy();
    };
  }, [place, width, preview, theme]);
  return (
    <figure className="type-preview" data-old={isOld}>
      <div ref={place} className="type-preview-chart" aria-hidden="true" hidden={preview.at.length < 2} />
      <figcaption>
        {gettext("On sample data.")} {summary(preview)}
      </figcaption>
    </figure>
  );
}
