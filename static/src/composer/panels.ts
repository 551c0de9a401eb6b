/** What of the panels around the canvas is open. Nothing of it is saved with the draft. */
import { create } from "zustand";
import type { Field } from "./finding/fixes.ts";

export interface Panels {
  /** What the side shows. */
  panel: "asset" | "findings" | "removed";
  /** Which side lies over the canvas on a small screen. */
  drawer: "palette" | "inspector" | null;
  /** Whether the table of all assets is in the place of the canvas. */
  isSheet: boolean;
  /** Whether live values are shown on the canvas; the person's choice outlives the page. */
  isLive: boolean;
  /** The asset whose signals are watched. */
  watched: string | null;
}

export const usePanels = create<Panels>(() => ({
  panel: "asset",
  drawer: null,
  isSheet: false,
  isLive: true,
  watched: null,
}));

/** Opens the details and gives the focus to a field of what is selected. */
export function showField(field: Field["field"]): void {
  usePanels.setState({ panel: "asset", drawer: "inspector" });
  // Details that have not been drawn yet come with one of the next frames.
  const seek = (left: number): void => {
    const place = document.querySelector<HTMLElement>(`.composer-inspector [data-field="${field}"]`);
    place?.closest("details")?.setAttribute("open", "");
    const control = place?.matches("input, select, textarea, button, summary")
      ? place
      : place?.querySelector<HTMLElement>("input, select, textarea, button, summary");
    if (control) control.focus();
    else if (left > 0)
      requestAnimationFrame(() => {
        seek(left - 1);
      });
  };
  seek(30);
}

/** What the panels reach on the canvas; set where the canvas is drawn. */
export const reachable: { jump: (asset: string, field?: Field["field"]) => void } = { jump: () => undefined };
