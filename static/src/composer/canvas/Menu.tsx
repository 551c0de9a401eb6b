import "./menu.css";
import { useEffect, useRef, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { lens, useCanvas, type Point } from "./canvas.ts";
import { Icon } from "../Icon.tsx";
import type { Command, Section } from "../commands/keys.ts";
import { selected } from "../commands/editing.ts";
import { useComposer } from "../store.ts";

const ON_SOMETHING: Section[] = ["edit", "group", "arrange"];
const ON_NOTHING: Section[] = ["add", "edit", "select", "view"];
/** What a menu that was opened by hand has no need of. */
const LEFT_OUT = new Set(["menu", "palette", "cancel", "undo", "redo", "find", "zoom-in", "zoom-out"]);
const WITH_SOMETHING = new Set(["link", "add-component"]);

/** Closes the menu; `back` is what gets the focus again, if it is still there. */
function close(back?: Element | null): void {
  useCanvas.setState({ menu: null });
  if (back === undefined) return;
  const place =
    back instanceof HTMLElement && back.isConnected ? back : document.querySelector<HTMLElement>(".composer");
  place?.focus({ preventScroll: true });
}

/** The commands that the menu shows, in parts: what can be done with what is selected, or with the canvas. */
export function menuOf(list: readonly Command[], something: boolean): Command[][] {
  const sections = something ? ON_SOMETHING : ON_NOTHING;
  const usable = list.filter(({ id, run, when }) => run && !LEFT_OUT.has(id) && when());
  const first = something ? usable.filter(({ id }) => WITH_SOMETHING.has(id)) : [];
  const rest = sections.map((section) =>
    usable.filter((each) => each.section === section && (something || each.section !== "edit" || each.id === "paste")),
  );
  return [first, ...rest].filter((part) => part.length > 0);
}

function Entry({ command, back }: { command: Command; back: Element | null }) {
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      aria-keyshortcuts={command.keys.replaceAll(" ", "+").replace("Ctrl", "Control") || undefined}
      onClick={() => {
        close(back);
        command.run?.();
      }}
    >
      <Icon name={command.icon} />
      <span>{command.words}</span>
      {command.keys && <kbd>{command.keys}</kbd>}
    </button>
  );
}

function goTo(menu: HTMLElement, key: string): boolean {
  const entries = [...menu.querySelectorAll<HTMLElement>("[role=menuitem]")];
  const now = entries.findIndex((entry) => entry === document.activeElement);
  const places: Record<string, number> = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 };
  const place = places[key];
  const next =
    place === undefined
      ? [...entries.slice(now + 1), ...entries].find(
          (entry) =>
            key.length === 1 && entry.textContent.trim().toLocaleLowerCase().startsWith(key.toLocaleLowerCase()),
        )
      : entries.at(place % entries.length);
  next?.focus();
  return next !== undefined;
}

function Opened({ list, point }: { list: readonly Command[]; point: Point }) {
  const menu = useRef<HTMLDivElement>(null);
  const [back] = useState(() => document.activeElement);
  useEffect(() => {
    const place = menu.current;
    const frame = lens.frame();
    if (!place) return;
    // Its size is known only now; all of it is to be seen.
    const left = Math.max(4, Math.min(point[0] - frame.left, frame.width - place.offsetWidth - 4));
    const top = Math.max(4, Math.min(point[1] - frame.top, frame.height - place.offsetHeight - 4));
    place.style.transform = `translate(${left}px, ${top}px)`;
    place.querySelector<HTMLElement>("[role=menuitem]")?.focus({ preventScroll: true });
  }, [point]);
  const edges = useComposer.getState().edges.some((edge) => edge.selected);
  const parts = menuOf(list, selected().ids.length > 0 || edges);
  return (
    <div
      ref={menu}
      className="canvas-menu"
      role="menu"
      aria-label={gettext("What can be done here")}
      onBlur={(event) => {
        if (!menu.current?.contains(event.relatedTarget)) close();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || event.key === "Tab") close(back);
        else if (event.key === "Enter" || event.key === " " || !menu.current || !goTo(menu.current, event.key)) return;
        event.preventDefault();
      }}
    >
      {parts.map((part, index) => (
        <div key={index} className="menu-part" role="group">
          {part.map((command) => (
            <Entry key={command.id} command={command} back={back} />
          ))}
        </div>
      ))}
    </div>
  );
}

/** The menu of what is selected, or of the empty canvas. */
export function Menu({ list }: { list: readonly Command[] }) {
  const point = useCanvas((state) => state.menu);
  return point && <Opened key={point.join()} list={list} point={point} />;
}
