/** The recent past of one signal as a small line; drawn by uPlot, which is loaded with the first one. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Past } from "./fleet.ts";

const WIDTH = 120;
const HEIGHT = 28;

/** Draws into `place` and answers with what redraws it and what takes it away. */
export function sparkline(place: HTMLElement, past: Past): { show: (past: Past) => void; remove: () => void } {
  const colour = getComputedStyle(place).color;
  const plot = new uPlot(
    {
      width: WIDTH,
      height: HEIGHT,
      padding: [3, 2, 3, 2],
      cursor: { show: false },
      legend: { show: false },
      axes: [{ show: false }, { show: false }],
      series: [{}, { stroke: colour, width: 1.25, points: { show: false } }],
    },
    [past.times, past.values],
    place,
  );
  return {
    show: (next) => {
      plot.setData([next.times, next.values]);
    },
    remove: () => {
      plot.destroy();
    },
  };
}
