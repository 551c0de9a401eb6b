/** When alarms of a twin were active, for charts: the same in the explorer and on dashboards. */
import { call } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";
import type { Stretch } from "./data.ts";

export type Priority = "critical" | "high" | "medium" | "low";

export interface AlarmSpan {
  alarm: string;
  name: string;
  asset: string;
  asset_name: string;
  signal: string;
  priority: Priority;
  /** Null: active before what was asked about. */
  start: string | null;
  /** Null: active after it. */
  end: string | null;
}

export interface AlarmSpans {
  spans: AlarmSpan[];
  more: number;
}

/** Where alarms are read of: `page` is such as `/t/nordwerk/alarms/`. */
export interface AlarmSource {
  api: string;
  page: string;
  twin: string;
}

export function loadSpans(of: AlarmSource, assets: string[], stretch: Stretch, off: AbortSignal): Promise<AlarmSpans> {
  const words = new URLSearchParams({
    twin: of.twin,
    start: new Date(stretch[0]).toISOString(),
    end: new Date(stretch[1]).toISOString(),
  });
  for (const asset of new Set(assets)) words.append("asset", asset);
  return call<AlarmSpans>(`${of.api}/alarms/spans/?${words.toString()}`, undefined, {}, { signal: off });
}

/** The spans of one alarm, the newest first. */
export type Group = [AlarmSpan, ...AlarmSpan[]];

/** Spans by their alarms, in the order of the newest span of each. */
export function grouped(spans: AlarmSpan[]): Group[] {
  const groups = new Map<string, Group>();
  for (const span of spans) {
    const group = groups.get(span.alarm);
    if (group) group.push(span);
    else groups.set(span.alarm, [span]);
  }
  return [...groups.values()];
}

/** What a span's alarm is marked with, in the chart and in the list beside it. */
export function markOf({ alarm }: AlarmSpan, spans: AlarmSpan[]): string {
  return `A${[...new Set(spans.map((span) => span.alarm))].indexOf(alarm) + 1}`;
}

/** The stretch of a span as far as it is within another. */
export function within({ start, end }: AlarmSpan, [from, to]: Stretch): Stretch {
  return [start === null ? from : Math.max(from, Date.parse(start)), end === null ? to : Math.min(to, Date.parse(end))];
}

export function priorityInWords(priority: Priority): string {
  return {
    critical: gettext("Critical"),
    high: gettext("High"),
    medium: gettext("Medium"),
    low: gettext("Low"),
  }[priority];
}
