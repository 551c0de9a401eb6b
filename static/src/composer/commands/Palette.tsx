import "./palette.css";
import { useReactFlow } from "@xyflow/react";
import { useMemo, useState } from "react";
import { gettext, ngettext } from "../../common/gettext.ts";
import { rank } from "../../shell/rank.ts";
import { inLanguage, placeable, reference, type AssetType } from "../model/catalogue.ts";
import { heightOf, WIDTH } from "../model/geometry.ts";
import { TypeIcon } from "../Icon.tsx";
import { useComposer } from "../store.ts";

const language = document.documentElement.lang;
/** The kind of data that a drag from the palette carries. */
export const DRAGGED = "application/x-outturn-asset-type";

function signalsOf({ signals, derived = {} }: AssetType): number {
  return Object.keys(signals).length + Object.keys(derived).length;
}

function Entry({ type, add }: { type: AssetType; add: (type: AssetType) => void }) {
  return (
    <li>
      <button
        type="button"
        draggable
        onDragStart={(event) => {
          event.dataTransfer.setData(DRAGGED, reference(type));
          event.dataTransfer.effectAllowed = "copy";
        }}
        onClick={() => {
          add(type);
        }}
      >
        <TypeIcon icon={type.icon} />
        <span>
          {inLanguage(type.name, language)}
          <small>{ngettext("{count} signal", "{count} signals", signalsOf(type))}</small>
        </span>
      </button>
    </li>
  );
}

/** The asset types to choose from: by click, by keyboard, or dragged to a place. */
export function Palette({ catalogue, added }: { catalogue: string | undefined; added: () => void }) {
  const types = useComposer((state) => state.types);
  const [wanted, setWanted] = useState("");
  const { screenToFlowPosition } = useReactFlow();
  const offered = useMemo(
    () =>
      placeable(types, language).map((type) => ({
        type,
        label: `${inLanguage(type.name, language)} ${type.key}`,
        kind: "",
      })),
    [types],
  );
  const found = rank(offered, wanted.trim());

  const add = (type: AssetType): void => {
    const canvas = document.querySelector(".composer-canvas")?.getBoundingClientRect();
    const middle = screenToFlowPosition({
      x: (canvas?.left ?? 0) + (canvas?.width ?? 0) / 2,
      y: (canvas?.top ?? 0) + (canvas?.height ?? 0) / 2,
    });
    useComposer.getState().addAsset(type, [middle.x - WIDTH / 2, middle.y - heightOf(type) / 2], false);
    added();
  };

  return (
    <>
      <input
        type="search"
        className="form-control palette-search"
        placeholder={gettext("Add an asset…")}
        aria-label={gettext("Find an asset type to add")}
        value={wanted}
        onChange={(event) => {
          setWanted(event.target.value);
        }}
        onKeyDown={(event) => {
          const [first] = found;
          if (event.key === "Enter" && first) add(first.type);
        }}
      />
      <ul className="palette-types" aria-label={gettext("Asset types")}>
        {found.map(({ type }) => (
          <Entry key={type.key} type={type} add={add} />
        ))}
      </ul>
      {found.length === 0 && (
        <p className="composer-hint">
          {wanted ? gettext("No type has this name.") : gettext("The catalogue is empty.")}{" "}
          {catalogue && <a href={catalogue}>{gettext("Open the catalogue")}</a>}
        </p>
      )}
    </>
  );
}
