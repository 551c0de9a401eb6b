/** What an outcome is counted by, as a type writes it, and its parts. */

export type CountedKind = "share" | "time" | "increase";

export interface Counted {
  kind: CountedKind;
  /** What has to hold in the time that is counted. */
  condition: string;
  /** The signal whose increase is counted. */
  signal: string;
}

export const BEFORE: Record<CountedKind, string> = {
  share: "share of time ",
  time: "time ",
  increase: "increase of ",
};
const KINDS: CountedKind[] = ["share", "time", "increase"];

const STATE = /^(not )?(running|idle|down|unknown|planned)$/;

/** The parts of an indicator; what is not said is what a new one would say. */
export function counted(text: string, firstSignal = "signal"): Counted {
  const kind = KINDS.find((each) => text.startsWith(BEFORE[each])) ?? "share";
  const behind = text.startsWith(BEFORE[kind]) ? text.slice(BEFORE[kind].length) : "";
  if (kind === "increase") return { kind, condition: "not down", signal: behind };
  return { kind, condition: text.startsWith(BEFORE[kind]) ? behind : "not down", signal: firstSignal };
}

export function indicator({ kind, condition, signal }: Counted): string {
  return BEFORE[kind] + (kind === "increase" ? signal : condition);
}

/** The state that a condition by itself is, and whether it is that or not; null for any other condition. */
export function stateIn(condition: string): { not: string; state: string } | null {
  const found = STATE.exec(condition);
  return found && { not: found[1] ?? "", state: found[2] ?? "" };
}
