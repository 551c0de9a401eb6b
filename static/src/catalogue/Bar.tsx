import "./bar.css";
import { gettext, ngettext } from "../common/gettext.ts";
import { useOnline } from "../common/online.ts";
import { Icon } from "../composer/Icon.tsx";
import { asText, inLanguage } from "./document.ts";
import type { SaveState } from "./saving.ts";
import { useEditor } from "./store.ts";

const language = document.documentElement.lang || "en";

function look(save: SaveState, isOnline: boolean): [icon: string, tone: string, words: string] {
  if (!isOnline && save.kind === "saved") return ["wifi-off", "warning", gettext("Offline – all saved")];
  switch (save.kind) {
    case "saved":
      return ["cloud-check", "quiet", gettext("Saved")];
    case "waiting":
    case "saving":
      return ["cloud-up", "quiet", gettext("Saving…")];
    case "retrying":
      return isOnline
        ? ["refresh", "warning", gettext("Not saved – retrying")]
        : ["wifi-off", "warning", gettext("Offline – kept here until you are back")];
    case "conflict":
      return ["alert-triangle", "bad", gettext("Conflict")];
    case "refused":
      return ["alert-circle", "bad", gettext("Not saved")];
  }
}

function SaveMark() {
  const save = useEditor((state) => state.save);
  const [icon, tone, words] = look(save, useOnline());
  return (
    <span
      className={`state state-${tone} type-save`}
      data-save={save.kind}
      title={save.kind === "retrying" ? save.reason : undefined}
    >
      <Icon name={icon} />
      <span>{words}</span>
    </span>
  );
}

interface Options {
  back: string;
  canPublish: boolean;
  showFindings: () => void;
  publish: () => void;
  help: () => void;
}

function Name({ back }: { back: string }) {
  const name = useEditor((state) => inLanguage(state.document["name"], language));
  const key = useEditor((state) => asText(state.document["key"]));
  const published = useEditor((state) => state.published);
  return (
    <div className="type-name">
      <a
        href={back}
        className="bar-button"
        aria-label={gettext("Back to the catalogue")}
        title={gettext("Back to the catalogue")}
      >
        <Icon name="chevron-left" />
      </a>
      <h1>{name || key || gettext("A type without a name")}</h1>
      <span className="type-version">
        {published
          ? gettext("Draft after version {version}", { version: published })
          : gettext("Draft, not published yet")}
      </span>
      <SaveMark />
    </div>
  );
}

function Button({
  icon,
  words,
  keys,
  run,
  disabled = false,
  className = "",
}: {
  icon: string;
  words: string;
  keys: string;
  run: () => void;
  disabled?: boolean;
  className?: string;
}) {
  return (
    <button
      type="button"
      className={`bar-button ${className}`}
      aria-label={words}
      title={`${words} (${keys})`}
      aria-keyshortcuts={keys.replaceAll(" ", "+").replace("Ctrl", "Control")}
      disabled={disabled}
      onClick={run}
    >
      <Icon name={icon} />
    </button>
  );
}

/** The head of the editor: what is open, whether it is saved, and the tools. */
export function Bar({ back, canPublish, showFindings, publish, help }: Options) {
  const canEdit = useEditor((state) => state.canEdit);
  const view = useEditor((state) => state.view);
  const canUndo = useEditor((state) => state.steps.done.length > 0);
  const canRedo = useEditor((state) => state.steps.undone.length > 0);
  const errors = useEditor((state) => state.findings.filter((finding) => finding.severity !== "hint").length);
  const { undo, redo, show } = useEditor.getState();
  return (
    <header className="type-bar">
      <Name back={back} />
      <div className="type-tools" role="toolbar" aria-label={gettext("Tools")}>
        {canEdit && (
          <>
            <Button icon="arrow-back-up" words={gettext("Undo")} keys="Ctrl Z" run={undo} disabled={!canUndo} />
            <Button
              icon="arrow-forward-up"
              words={gettext("Redo")}
              keys="Ctrl Shift Z"
              run={redo}
              disabled={!canRedo}
            />
          </>
        )}
        <div className="type-views" role="group" aria-label={gettext("View")}>
          <button
            type="button"
            aria-pressed={view === "forms"}
            onClick={() => {
              show("forms");
            }}
          >
            {gettext("Forms")}
          </button>
          <button
            type="button"
            aria-pressed={view === "json"}
            onClick={() => {
              show("json");
            }}
          >
            JSON
          </button>
        </div>
        <Button icon="keyboard" words={gettext("Shortcuts")} keys="?" run={help} className="type-shortcuts-button" />
        <button
          type="button"
          className="bar-button"
          aria-label={ngettext("Findings: {count} error", "Findings: {count} errors", errors)}
          title={gettext("What is to be put right before publishing")}
          onClick={showFindings}
        >
          <Icon name={errors ? "alert-circle" : "circle-check"} />
          <span aria-hidden="true">{errors}</span>
        </button>
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
