/** What the quality of a reading is called: colour, icon and word. */
import { gettext } from "../common/gettext.ts";

export type Look = [word: string, icon: string, tone: string];

/** The look of a quality (`twins.telemetry.schemas.Quality`). */
export function qualityLook(quality: number): Look {
  const looks: Look[] = [
    [gettext("Good"), "circle-check", "good"],
    [gettext("Uncertain"), "question-mark", "warning"],
    [gettext("Bad"), "circle-x", "bad"],
    [gettext("Out of range"), "alert-triangle", "warning"],
    [gettext("Stuck"), "minus", "warning"],
    [gettext("Spike"), "activity", "warning"],
    [gettext("Stale"), "clock", "warning"],
    [gettext("Substituted"), "pencil", "planned"],
  ];
  return looks[quality] ?? [gettext("Doubtful"), "question-mark", "warning"];
}

/** The look of a signal that was not heard for longer than it may be silent. */
export function silentLook(): Look {
  return [gettext("Silent"), "clock", "bad"];
}

/** The look of a signal that was never read. */
export function unknownLook(): Look {
  return [gettext("No data"), "circle-dashed", "unknown"];
}
