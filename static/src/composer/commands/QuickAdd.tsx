import "./quick.css";
import { useId, useMemo, useRef, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { rank } from "../../shell/rank.ts";
import { lens, useCanvas, type Adding } from "../canvas/canvas.ts";
import { inLanguage, type AssetType } from "../model/catalogue.ts";
import { GRID, WIDTH } from "../model/geometry.ts";
import { TypeIcon } from "../Icon.tsx";
import { offers } from "./quick.ts";
import { useComposer } from "../store.ts";

const language = document.documentElement.lang;
/** How many types are shown at once; typing finds the others. */
const MOST = 8;
const BOX = { width: 300, height: 340 };

function focusNode(id: string): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(`.react-flow__node[data-id="${id}"]`)?.focus({ preventScroll: true });
  });
}

function close(back: boolean): void {
  useCanvas.setState({ adding: null });
  useComposer.getState().stopLinking();
  if (back) document.querySelector<HTMLElement>(".composer")?.focus({ preventScroll: true });
}

/** Where the box stands in the canvas, so that all of it can be seen. */
function placeOf([x, y]: Adding["point"]): { left: number; top: number } {
  const frame = lens.frame();
  return {
    left: Math.max(8, Math.min(x - frame.left, frame.width - BOX.width - 8)),
    top: Math.max(8, Math.min(y - frame.top, frame.height - BOX.height - 8)),
  };
}

function wordsFor({ from, owner }: Adding): string {
  if (owner) return gettext("Add a component…");
  return from ? gettext("Add and link…") : gettext("Add an asset…");
}

function Box({ adding }: { adding: Adding }) {
  const [wanted, setWanted] = useState("");
  const [place, setPlace] = useState(0);
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const { from, owner } = adding;
  const offered = useMemo(() => offers(shown, types, language, { from, owner }), [shown, types, from, owner]);
  const found = rank(offered, wanted.trim()).slice(0, MOST);
  const active = Math.min(place, found.length - 1);

  const add = (type: AssetType): void => {
    const [x, y] = adding.at;
    const id = useComposer.getState().addAsset(type, [x - WIDTH / 2, y - GRID], adding.exactly, { from, owner });
    close(false);
    focusNode(id);
  };

  const onKey = (event: React.KeyboardEvent): void => {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = found[active];
    if (step) setPlace((active + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Escape") close(true);
    else if (event.key === "Enter" && chosen) add(chosen.type);
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={box}
      className="quick-add"
      style={placeOf(adding.point)}
      onBlur={(event) => {
        if (!box.current?.contains(event.relatedTarget)) close(false);
      }}
    >
      <input
        type="text"
        role="combobox"
        className="form-control"
        autoFocus
        autoComplete="off"
        placeholder={wordsFor(adding)}
        aria-label={wordsFor(adding)}
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[active] ? `${list}-${active}` : undefined}
        maxLength={100}
        value={wanted}
        onChange={(event) => {
          setWanted(event.target.value);
          setPlace(0);
        }}
        onKeyDown={onKey}
      />
      <ul id={list} role="listbox" aria-label={gettext("Asset types")}>
        {found.map(({ type }, index) => (
          <li
            key={type.key}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === active}
            onPointerDown={(event) => {
              // The field keeps the focus; losing it would close the box before the click arrives.
              event.preventDefault();
            }}
            onClick={() => {
              add(type);
            }}
          >
            <TypeIcon icon={type.icon} />
            {inLanguage(type.name, language)}
          </li>
        ))}
      </ul>
      {found.length === 0 && (
        <p className="composer-hint">
          {wanted ? gettext("No type that fits has this name.") : gettext("No type of the catalogue fits here.")}
        </p>
      )}
    </div>
  );
}

/** The box that adds what is typed, where the pointer is. */
export function QuickAdd() {
  const adding = useCanvas((state) => state.adding);
  return adding && <Box key={adding.point.join()} adding={adding} />;
}
