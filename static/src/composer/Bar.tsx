import "./bar.css";
import { useReactFlow, useStore } from "@xyflow/react";
import { countText, gettext, ngettext } from "../common/gettext.ts";
import { FindBox } from "./finding/FindBox.tsx";
import { Icon } from "./Icon.tsx";
import type { Reach } from "./commands/keys.ts";
import { LiveToggle } from "./live/LiveToggle.tsx";
import { usePanels } from "./panels.ts";
import { SaveMark } from "./saving/SaveMark.tsx";
import { useComposer } from "./store.ts";
import { PeopleHere } from "./together/Together.tsx";

interface Tool {
  icon: string;
  words: string;
  keys?: string;
  run: () => void;
  disabled?: boolean;
  className?: string;
}

function ToolButton({ icon, words, keys, run, disabled = false, className = "" }: Tool) {
  return (
    <button
      type="button"
      className={`bar-button tool ${className}`}
      title={keys ? `${words} (${keys})` : words}
      aria-label={words}
      aria-keyshortcuts={keys?.replaceAll(" ", "+").replace("Ctrl", "Control")}
      disabled={disabled}
      onClick={run}
    >
      <Icon name={icon} />
      <span className="tool-words" aria-hidden="true">
        {words}
      </span>
    </button>
  );
}

function Zoom({ fit }: { fit: () => void }) {
  const zoom = useStore((state) => Math.round(state.transform[2] * 100));
  const { zoomIn, zoomOut } = useReactFlow();
  return (
    <div className="tools" role="group" aria-label={gettext("Zoom")}>
      <ToolButton
        icon="zoom-out"
        words={gettext("Zoom out")}
        run={() => void zoomOut()}
        className="tool-icon tool-wide"
      />
      <span className="zoom-level">{zoom} %</span>
      <ToolButton icon="zoom-in" words={gettext("Zoom in")} run={() => void zoomIn()} className="tool-icon tool-wide" />
      <ToolButton icon="maximize" words={gettext("Show everything")} keys="F" run={fit} className="tool-icon" />
    </div>
  );
}

function Edits() {
  const canUndo = useComposer((state) => state.history.done.length > 0);
  const canRedo = useComposer((state) => state.history.undone.length > 0);
  const { undo, redo } = useComposer.getState();
  return (
    <div className="tools" role="group" aria-label={gettext("Edit")}>
      <ToolButton icon="arrow-back-up" words={gettext("Undo")} keys="Ctrl Z" run={undo} disabled={!canUndo} />
      <ToolButton icon="arrow-forward-up" words={gettext("Redo")} keys="Ctrl Shift Z" run={redo} disabled={!canRedo} />
    </div>
  );
}

/** Shows all assets as a table in the place of the canvas, and the canvas again. */
function SheetToggle() {
  const isSheet = usePanels((state) => state.isSheet);
  return (
    <button
      type="button"
      className="bar-button tool tool-icon"
      aria-pressed={isSheet}
      aria-label={gettext("Table of all assets")}
      aria-keyshortcuts="G"
      title={gettext("All assets as a table (G)")}
      onClick={() => {
        usePanels.setState({ isSheet: !isSheet });
      }}
    >
      <Icon name="table" />
    </button>
  );
}

interface Options {
  reach: Reach;
  canPublish: boolean;
  back: string | undefined;
  versions: string | undefined;
  toggle: (drawer: "palette" | "inspector") => void;
  showFindings: () => void;
  publish: () => void;
}

function Name({ back, versions }: Pick<Options, "back" | "versions">) {
  const name = useComposer((state) => state.document.name);
  const version = useComposer((state) => state.publishedVersion);
  return (
    <div className="composer-name">
      {back && (
        <a
          href={back}
          className="bar-button tool-icon"
          aria-label={gettext("Back to the twin")}
          title={gettext("Back to the twin")}
        >
          <Icon name="chevron-left" />
        </a>
      )}
      <h1>{name}</h1>
      <span className="composer-version">
        {version ? gettext("Draft after version {version}", { version }) : gettext("Draft, not published yet")}
      </span>
      {versions && (
        <a
          href={versions}
          className="bar-button tool-icon tool-wide"
          aria-label={gettext("Versions")}
          title={gettext("Versions")}
        >
          <Icon name="versions" />
        </a>
      )}
      <SaveMark />
      <PeopleHere />
    </div>
  );
}

/** How much is wrong with the draft, and the way there. */
function FindingsButton({ show }: { show: () => void }) {
  const errors = useComposer((state) => state.findings.filter((finding) => finding.severity !== "hint").length);
  const isJudged = useComposer((state) => state.isJudged);
  const words = isJudged
    ? ngettext("Findings: {count} error", "Findings: {count} errors", errors)
    : gettext("Findings: not known yet");
  return (
    <button type="button" className="bar-button tool" onClick={show} aria-label={words}>
      <Icon name={errors ? "alert-circle" : "circle-check"} />
      <span aria-hidden="true">{isJudged ? countText(errors) : "…"}</span>
    </button>
  );
}

/** The head of the composer: what is open, whether it is saved, and the tools. */
export function Bar({ reach, canPublish, back, versions, toggle, showFindings, publish }: Options) {
  const canEdit = useComposer((state) => state.canEdit);
  return (
    <header className="composer-bar">
      <Name back={back} versions={versions} />
      <FindBox />
      <div className="tool-groups" role="toolbar" aria-label={gettext("Tools")}>
        {canEdit && <Edits />}
        <Zoom fit={reach.fit} />
        <div className="tools">
          <ToolButton
            icon="keyboard"
            words={gettext("Shortcuts")}
            keys="?"
            run={reach.help}
            className="tool-icon tool-wide"
          />
          <LiveToggle />
          <SheetToggle />
          <FindingsButton show={showFindings} />
          {canEdit && (
            <ToolButton
              icon="plus"
              words={gettext("Add")}
              run={() => {
                toggle("palette");
              }}
              className="tool-narrow"
            />
          )}
          <ToolButton
            icon="adjustments"
            words={gettext("Details")}
            run={() => {
              toggle("inspector");
            }}
            className="tool-narrow"
          />
        </div>
        {canPublish && (
          <button type="button" className="btn btn-primary" onClick={publish}>
            <Icon name="rocket" />
            {gettext("Publish")}
          </button>
        )}
      </div>
    </header>
  );
}
