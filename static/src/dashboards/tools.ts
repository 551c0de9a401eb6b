/** What stands above a dashboard, and what asks when two have saved it. */
import { icon } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import type { Document, Kind, Steps } from "./document.ts";
import type { Known } from "./known.ts";
import type { SaveState, Theirs } from "./saving.ts";
import { MOST_WIDGETS } from "./document.ts";

interface Deeds {
  arrange: () => void;
  add: (kind: Kind) => void;
  undo: () => void;
  redo: () => void;
  wall: () => void;
}

function button(id: string, name: string, words: string, deed: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.id = `dashboard-${id}`;
  made.className = "btn";
  made.append(icon(name), words);
  made.addEventListener("click", deed);
  return made;
}

/** The choice of the asset, on a dashboard of a type. */
export function assetChoice(known: Known, shown: Document, choose: (asset: string) => void): HTMLElement[] {
  const assets = known.choosable(shown);
  if (!shown.asset_type) return [];
  const select = document.createElement("select");
  select.id = "dashboard-asset";
  select.className = "form-select";
  select.setAttribute("aria-label", gettext("Asset"));
  for (const { id, name } of assets) select.add(new Option(name, id, false, id === known.chosen));
  select.addEventListener("change", () => {
    choose(select.value);
  });
  return [select];
}

/** How the saving is doing. */
export function saveMark(state: SaveState): HTMLElement {
  const looks: Record<SaveState["kind"], [string, string, string]> = {
    saved: [gettext("Saved"), "cloud-check", "good"],
    unsaved: [gettext("Saving…"), "cloud-up", "quiet"],
    refused: [state.kind === "refused" ? state.reason : "", "alert-circle", "bad"],
    unreachable: [gettext("Not saved yet: the server cannot be reached. It is tried again."), "cloud-off", "warning"],
    conflict: [gettext("Somebody else has saved it"), "alert-triangle", "warning"],
  };
  const [words, name, tone] = looks[state.kind];
  const [mark, text] = [document.createElement("span"), document.createElement("span")];
  mark.className = `state state-${tone}`;
  mark.setAttribute("role", "status");
  text.textContent = words;
  mark.append(icon(name), text);
  return mark;
}

const KINDS: [Kind, string, () => string][] = [
  ["value", "activity", () => gettext("Values")],
  ["chart", "chart-line", () => gettext("Chart")],
  ["gauge", "gauge", () => gettext("Gauge")],
  ["bars", "layout-distribute-horizontal", () => gettext("Bars")],
  ["table", "table", () => gettext("Table")],
  ["text", "writing", () => gettext("Text")],
];

export function tools(canEdit: boolean, isArranging: boolean, steps: Steps, deeds: Deeds): HTMLElement[] {
  const spread = document.createElement("span");
  spread.className = "spread";
  const wall = button("wall", "maximize", gettext("Wall"), deeds.wall);
  wall.setAttribute("aria-pressed", String(document.documentElement.dataset.wall !== undefined));
  if (!canEdit) return [spread, wall];
  const arrange = button(
    "arrange",
    isArranging ? "check" : "pencil",
    isArranging ? gettext("Done") : gettext("Arrange"),
    deeds.arrange,
  );
  if (!isArranging) return [spread, wall, arrange];
  const undo = button("undo", "arrow-back-up", gettext("Undo"), deeds.undo);
  const redo = button("redo", "arrow-forward-up", gettext("Redo"), deeds.redo);
  [undo.disabled, redo.disabled] = [!steps.canUndo, !steps.canRedo];
  const isFull = steps.now.widgets.length >= MOST_WIDGETS;
  const adding = KINDS.map(([kind, name, words]) => {
    const made = button(`add-${kind}`, name, words(), () => {
      deeds.add(kind);
    });
    made.setAttribute("aria-label", gettext("Add: {kind}", { kind: words() }));
    made.disabled = isFull;
    return made;
  });
  return [spread, ...adding, undo, redo, arrange];
}

/** Asks whose arrangement is to stay; ours is on the screen, theirs is among the saved ones in any case. */
export function conflictDialog(
  theirs: Theirs,
  deeds: { ours: () => void; theirs: (document: Document) => void },
): void {
  if (document.getElementById("dashboard-conflict")) return;
  const dialog = document.createElement("dialog");
  dialog.id = "dashboard-conflict";
  dialog.className = "dashboard-dialog";
  const [head, words] = [document.createElement("h2"), document.createElement("p")];
  head.textContent = gettext("Somebody else has saved this dashboard");
  head.id = "dashboard-conflict-head";
  dialog.setAttribute("aria-labelledby", head.id);
  words.textContent = gettext(
    "Yours is on your screen, theirs has {count} widgets. Nothing is lost: what you do not keep stays among its revisions, or can be undone here.",
    { count: theirs.document.widgets.length },
  );
  const close = (): void => {
    dialog.close();
    dialog.remove();
  };
  const ours = button("keep-ours", "check", gettext("Keep mine"), () => {
    close();
    deeds.ours();
  });
  const take = button("take-theirs", "refresh", gettext("Take theirs"), () => {
    close();
    deeds.theirs(theirs.document);
  });
  dialog.append(head, words, ours, take);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
  });
  document.body.append(dialog);
  dialog.showModal();
}
