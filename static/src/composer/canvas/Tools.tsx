import "./tools.css";
import { gettext } from "../../common/gettext.ts";
import { useCanvas } from "./canvas.ts";
import { Icon } from "../Icon.tsx";
import type { Command } from "../commands/keys.ts";
import { selectedIds } from "./selection.ts";
import { useComposer } from "../store.ts";

const ALWAYS = ["lasso", "add", "note", "image", "tidy"];
const FOR_SELECTED = ["copy", "duplicate", "group", "ungroup", "collapse", "add-component", "attach", "detach"];
const LINING_UP = [
  "align-left",
  "align-centre",
  "align-right",
  "align-top",
  "align-middle",
  "align-bottom",
  "distribute-x",
  "distribute-y",
];

function ToolRow({
  label,
  ids,
  list,
  pressed,
}: {
  label: string;
  ids: string[];
  list: readonly Command[];
  pressed: boolean;
}) {
  const usable = ids.flatMap((id) => list.find((each) => each.id === id && each.when()) ?? []);
  if (usable.length === 0) return null;
  return (
    <div className="canvas-tools-part" role="group" aria-label={label}>
      {usable.map(({ id, words, keys, icon, run }) => (
        <button
          key={id}
          type="button"
          className="bar-button tool tool-icon"
          title={keys ? `${words} (${keys})` : words}
          aria-label={words}
          aria-keyshortcuts={keys.replaceAll(" ", "+").replace("Ctrl", "Control") || undefined}
          aria-pressed={id === "lasso" ? pressed : undefined}
          onClick={run ?? undefined}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}

/** The tools on the canvas: for working on it, and for what is selected. */
export function Tools({ list }: { list: readonly Command[] }) {
  const pressed = useCanvas((state) => state.selecting);
  // Texts and objects that stay the same while something is dragged, so that the tools are not drawn anew at every move.
  const chosen = useComposer((state) => selectedIds(state.nodes).join(" "));
  useComposer((state) => state.document.groups);
  const rows: [string, string[]][] = [
    [gettext("Canvas"), ALWAYS],
    [gettext("What is selected"), FOR_SELECTED],
    [gettext("Line up"), LINING_UP],
  ];
  return (
    <div
      className="canvas-tools"
      role="toolbar"
      aria-label={gettext("Tools of the canvas")}
      data-chosen={chosen !== ""}
    >
      {rows.map(([label, ids]) => (
        <ToolRow key={label} label={label} ids={ids} list={list} pressed={pressed} />
      ))}
    </div>
  );
}
