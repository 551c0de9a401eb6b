import { linePath } from "./plan.ts";

interface Options {
  values: (number | null)[];
  width?: number;
  height?: number;
  /** What it shows, in words; without them it is decoration. */
  words?: string;
}

/** A few values as a small line. */
export function Spark({ values, width = 72, height = 20, words = "" }: Options) {
  return (
    <svg
      className="spark"
      width={width}
      height={height}
      preserveAspectRatio="none"
      viewBox={`-1 -2 ${width + 2} ${height + 4}`}
      {...(words ? { role: "img", "aria-label": words } : { "aria-hidden": true })}
    >
      <path d={linePath(values, width, height)} />
    </svg>
  );
}
