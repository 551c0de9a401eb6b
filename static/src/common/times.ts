/** Times as people say them, in the language of the page. */
import { gettext } from "./gettext.ts";

/** How long before `now` a moment was ("12 s ago"), both in milliseconds; half a second to either side counts as now. */
export function ageInWords(moment: number, now: number): string {
  const seconds = Math.round((now - moment) / 1000);
  if (seconds === 0) return gettext("now");
  const span = spanInWords(Math.abs(seconds));
  return seconds > 0 ? gettext("{span} ago", { span }) : gettext("in {span}", { span });
}

/** A length of time in its largest whole unit. */
export function spanInWords(seconds: number): string {
  if (seconds < 60) return gettext("{count} s", { count: seconds });
  if (seconds < 3600) return gettext("{count} min", { count: Math.floor(seconds / 60) });
  if (seconds < 172_800) return gettext("{count} h", { count: Math.floor(seconds / 3600) });
  return gettext("{count} days", { count: Math.floor(seconds / 86_400) });
}

/** A moment in the viewer's zone, to the minute, or with "medium" to the second. */
export function momentInWords(moment: Date, language: string, timeStyle: "short" | "medium" = "short"): string {
  return moment.toLocaleString(language, { dateStyle: "medium", timeStyle });
}

/** A moment to the second with its zone, for a hover. */
export function momentInFull(moment: Date, language: string): string {
  return moment.toLocaleString(language, { dateStyle: "full", timeStyle: "long" });
}
