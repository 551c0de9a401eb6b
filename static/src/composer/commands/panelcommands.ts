/** The commands of the panels around the canvas. */
import { announce } from "../../common/dom.ts";
import { gettext } from "../../common/gettext.ts";
import { assetOfFinding, findingsByAsset, nothingFound } from "../finding/find.ts";
import { hasValues } from "../live/wanted.ts";
import { extraCommands, type Command } from "./keys.ts";
import { reachable, usePanels } from "../panels.ts";
import { assetsAmong, selectedIds } from "../canvas/selection.ts";
import { useComposer } from "../store.ts";

const isPlain = (event: KeyboardEvent): boolean => !event.ctrlKey && !event.metaKey && !event.altKey;
const pressed =
  (key: string) =>
  (event: KeyboardEvent): boolean =>
    isPlain(event) && event.key === key;
const always = (): boolean => true;

/** The asset that is selected, or of several the one that has the focus. */
function chosenAsset(): string | undefined {
  const { document: shown, nodes } = useComposer.getState();
  const chosen = assetsAmong(shown, selectedIds(nodes));
  if (chosen.length === 1) return chosen[0];
  const focused = document.activeElement?.closest<HTMLElement>(".react-flow__node")?.dataset.id;
  return focused !== undefined && shown.assets[focused] ? focused : undefined;
}

/** Goes to the next asset with an error, then to those with hints, from the selected one on. */
function toNextFinding(): void {
  const { document, findings, isJudged } = useComposer.getState();
  const errors = findings.filter((finding) => finding.severity !== "hint");
  const wrong = [...findingsByAsset(errors.length ? errors : findings, document).keys()];
  const next = wrong[(wrong.indexOf(chosenAsset() ?? "") + 1) % Math.max(1, wrong.length)];
  if (next) reachable.jump(next);
  else announce(nothingFound(isJudged));
}

const view = (told: Omit<Command, "section" | "when"> & Partial<Pick<Command, "when">>): Command => ({
  section: "view",
  when: always,
  ...told,
});

const panelCommands: Command[] = [
  view({
    id: "sheet",
    words: gettext("Show all assets as a table, or the canvas again"),
    icon: "table",
    keys: "G",
    matches: pressed("g"),
    run: () => {
      usePanels.setState(({ isSheet }) => ({ isSheet: !isSheet }));
    },
  }),
  view({
    id: "live",
    words: gettext("Show or hide live values"),
    icon: "activity",
    keys: "L",
    matches: pressed("l"),
    when: () => hasValues(useComposer.getState()),
    run: () => {
      usePanels.setState(({ isLive }) => ({ isLive: !isLive }));
    },
  }),
  view({
    id: "watch",
    words: gettext("Watch all signals of the selected asset"),
    icon: "eye",
    keys: "W",
    matches: pressed("w"),
    when: () => hasValues(useComposer.getState()) && chosenAsset() !== undefined,
    run: () => {
      usePanels.setState({ watched: chosenAsset() ?? null });
    },
  }),
  view({
    id: "findings",
    words: gettext("Show everything that is wrong"),
    icon: "list-check",
    keys: "Shift W",
    matches: pressed("W"),
    run: () => {
      usePanels.setState({ panel: "findings", drawer: "inspector" });
    },
  }),
  view({
    id: "next-finding",
    words: gettext("Go to the next asset that something is wrong with"),
    icon: "alert-circle",
    keys: "F8",
    matches: pressed("F8"),
    when: () => {
      const { document, findings } = useComposer.getState();
      return findings.some((finding) => assetOfFinding(finding, document) !== "");
    },
    run: toNextFinding,
  }),
  view({
    id: "commands",
    words: gettext("Find a command, an asset or a page"),
    icon: "search",
    keys: "Ctrl K",
    // The palette of the page listens for it everywhere.
    matches: () => false,
    run: null,
  }),
];

extraCommands.push(...panelCommands);
