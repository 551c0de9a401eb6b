import { useReactFlow, useStoreApi, ViewportPortal } from "@xyflow/react";
import { useEffect, type CSSProperties, type RefObject } from "react";
import "./together.css";
import { gettext } from "../../common/gettext.ts";
import { heightOf, WIDTH } from "../model/geometry.ts";
import { Icon } from "../Icon.tsx";
import type { Person } from "./presence.ts";
import { useComposer } from "../store.ts";
import { tell, useTogether } from "./together.ts";

const SHOWN = 5;

function words(person: Person): string {
  const doing = person.edits ? person.name : gettext("{name}, looking on", { name: person.name });
  return person.tabs.length > 1
    ? gettext("{name}, in {count} tabs", { name: doing, count: person.tabs.length })
    : doing;
}

/** Who else has the draft open; pressing somebody goes along with them. */
export function PeopleHere() {
  const people = useTogether((state) => state.people);
  const following = useTogether((state) => state.following);
  const { follow } = useTogether.getState();
  if (people.length === 0) return null;
  const more = people.slice(SHOWN).map((person) => person.name);
  return (
    <ul className="people-here" aria-label={gettext("Also here")}>
      {people.slice(0, SHOWN).map((person) => {
        const followed = person.tabs.some(({ tab }) => tab === following);
        return (
          <li key={person.author}>
            <button
              type="button"
              className={`peer-avatar person-${person.colour}`}
              aria-pressed={followed}
              title={words(person)}
              onClick={() => {
                follow(followed ? null : (person.tabs[0]?.tab ?? null));
              }}
            >
              <span aria-hidden="true">{person.initials}</span>
              <span className="visually-hidden">{gettext("Follow {name}", { name: words(person) })}</span>
            </button>
          </li>
        );
      })}
      {more.length > 0 && (
        <li className="peer-more" title={more.join(", ")}>
          {gettext("and {count} more", { count: more.length })}
        </li>
      )}
    </ul>
  );
}

function Marks({ person }: { person: Person }) {
  const assets = useComposer((state) => state.document.assets);
  const groups = useComposer((state) => state.document.groups);
  const types = useComposer((state) => state.types);
  return person.tabs.map(({ tab, at }) => (
    <div key={tab} className={`person-${person.colour}`}>
      {at.selected.map((id) => {
        const asset = assets[id];
        if (!asset || groups[asset.group ?? ""]?.collapsed) return null;
        const style: CSSProperties = {
          translate: `${asset.at[0]}px ${asset.at[1]}px`,
          width: WIDTH,
          height: heightOf(types.get(asset.type)),
        };
        return (
          <div key={id} className="peer-selection" style={style} data-peer-selected={id}>
            <span className="peer-name">{person.name}</span>
          </div>
        );
      })}
      {at.cursor && (
        <div
          className="peer-cursor"
          style={{ translate: `${at.cursor[0]}px ${at.cursor[1]}px` }}
          data-peer-cursor={tab}
        >
          <Icon name="pointer" />
          <span className="peer-name">{person.name}</span>
        </div>
      )}
    </div>
  ));
}

/** Goes along with somebody, until the person moves the canvas or presses Escape. */
function useFollowing(canvas: RefObject<HTMLElement | null>): void {
  const view = useTogether(
    (state) =>
      state.people.flatMap((person) => person.tabs).find(({ tab }) => tab === state.following)?.at.view ?? null,
  );
  const { setCenter } = useReactFlow();
  useEffect(() => {
    if (view) void setCenter(view[0], view[1], { zoom: view[2], duration: 200 });
  }, [view, setCenter]);
  useEffect(() => {
    const stop = (event: Event): void => {
      if (event instanceof KeyboardEvent && event.key !== "Escape") return;
      useTogether.getState().follow(null);
    };
    const place = canvas.current;
    place?.addEventListener("pointerdown", stop);
    place?.addEventListener("wheel", stop, { passive: true });
    document.addEventListener("keydown", stop);
    return () => {
      place?.removeEventListener("pointerdown", stop);
      place?.removeEventListener("wheel", stop);
      document.removeEventListener("keydown", stop);
    };
  }, [canvas]);
}

/** Tells the others where the pointer is, and what is seen. */
function useTelling(canvas: RefObject<HTMLElement | null>): void {
  const { screenToFlowPosition } = useReactFlow();
  const flow = useStoreApi();
  useEffect(() => {
    const move = (event: PointerEvent): void => {
      const { x, y } = screenToFlowPosition({ x: event.clientX, y: event.clientY }, { snapToGrid: false });
      tell({ cursor: [x, y] });
    };
    const leave = (): void => {
      tell({ cursor: null });
    };
    const see = (): void => {
      const { width, height, transform } = flow.getState();
      const [x, y, zoom] = transform;
      tell({ view: [(width / 2 - x) / zoom, (height / 2 - y) / zoom, zoom] });
    };
    const place = canvas.current;
    place?.addEventListener("pointermove", move);
    place?.addEventListener("pointerleave", leave);
    const stop = flow.subscribe((now, before) => {
      if (now.transform !== before.transform || now.width !== before.width) see();
    });
    see();
    return () => {
      place?.removeEventListener("pointermove", move);
      place?.removeEventListener("pointerleave", leave);
      stop();
    };
  }, [canvas, flow, screenToFlowPosition]);
}

/** The others on the canvas: their pointers and what they have selected. */
export function OthersOnCanvas({ canvas }: { canvas: RefObject<HTMLElement | null> }) {
  const people = useTogether((state) => state.people);
  useFollowing(canvas);
  useTelling(canvas);
  return (
    <ViewportPortal>
      <div aria-hidden="true">
        {people.map((person) => (
          <Marks key={person.author} person={person} />
        ))}
      </div>
    </ViewportPortal>
  );
}

/** Who else has selected the same asset, or is at one of its fields. */
export function AlsoAtIt() {
  const id = useComposer((state) => {
    const [one, another] = state.nodes.filter((node) => node.selected);
    return one && !another ? one.id : "";
  });
  const people = useTogether((state) => state.people);
  const at = people.filter((person) =>
    person.tabs.some((tab) => tab.at.selected.includes(id) || tab.at.editing?.startsWith(`assets/${id}`)),
  );
  if (!id || at.length === 0) return null;
  const editing = at.filter((person) => person.tabs.some((tab) => tab.at.editing?.startsWith(`assets/${id}`)));
  return (
    <p className="also-at-it" role="status">
      {at.map((person) => (
        <span key={person.author} className={`also-person person-${person.colour}`}>
          <span className="peer-avatar" aria-hidden="true">
            {person.initials}
          </span>
          {editing.includes(person)
            ? gettext("{name} is editing this.", { name: person.name })
            : gettext("{name} has this selected.", { name: person.name })}
        </span>
      ))}
    </p>
  );
}
