import { memo, useEffect, useRef } from "react";
import { ngettext } from "../../common/gettext.ts";
import { lookOf } from "../../live/fleet.ts";
import { membersOf } from "../model/groups.ts";
import { useComposer } from "../store.ts";
import { mark } from "./drawing.ts";
import { useLive } from "./feed.ts";
import "./live.css";
import { summaryOf, type LiveValues } from "./values.ts";

/** Of hundreds of assets something changes all the time: what they come to is worked out once in a while. */
const PAUSE = 1000;

function draw(place: HTMLElement, live: LiveValues, members: readonly string[]): void {
  const { document: shown, types } = useComposer.getState();
  const now = Date.now();
  const { status, alarms } = summaryOf(
    live,
    members.map((id) => [id, types.get(shown.assets[id]?.type ?? "")?.signals ?? {}]),
    now,
  );
  const [word, name, tone] = lookOf(status);
  const made = document.createElement("div");
  made.className = "live-marks";
  made.append(mark(tone, name, word));
  const [first] = alarms;
  if (first) {
    const urgent = first.priority === "critical" || first.priority === "high";
    const words = ngettext("{count} alarm", "{count} alarms", alarms.length);
    const alarm = mark(urgent ? "bad" : "warning", "bell", words);
    alarm.classList.add("live-alarm");
    alarm.title = alarms
      .slice(0, 10)
      .map((each) => `${shown.assets[each.asset]?.name ?? ""}: ${each.name} (${each.priority})`)
      .join("\n");
    made.append(alarm);
  }
  if (place.innerHTML !== made.outerHTML) place.replaceChildren(made);
}

function Shown({ group, count, live }: { group: string; count: number; live: LiveValues }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const members = membersOf(useComposer.getState().document).get(group) ?? [];
    let asked: ReturnType<typeof setTimeout> | undefined;
    const refresh = (): void => {
      asked = undefined;
      if (place.current) draw(place.current, live, members);
    };
    refresh();
    const stops = members.map((id) =>
      live.watch(id, () => {
        asked ??= setTimeout(refresh, PAUSE);
      }),
    );
    return () => {
      clearTimeout(asked);
      for (const stop of stops) stop();
    };
  }, [group, count, live]);
  return <div ref={place} className="asset-live" />;
}

/** What the live values of a collapsed group come to; nothing while they are not shown. */
export const GroupLive = memo(function GroupLive({ group, count }: { group: string; count: number }) {
  const live = useLive((state) => state.values);
  return live && <Shown group={group} count={count} live={live} />;
});
