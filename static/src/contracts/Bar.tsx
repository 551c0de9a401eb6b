import { asText } from "../catalogue/document.ts";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { useValue } from "./Field.tsx";
import type { Session } from "./session.ts";
import { isChanged, useContract, type ContractEditor } from "./store.ts";

function look(state: ContractEditor): [icon: string, tone: string, words: string] {
  switch (state.save.kind) {
    case "saving":
      return ["cloud-up", "quiet", gettext("Saving…")];
    case "refused":
      return ["alert-circle", "bad", gettext("Not saved")];
    case "unreachable":
      return ["cloud-off", "warning", gettext("Not saved: no connection")];
    case "conflict":
      return ["alert-triangle", "bad", gettext("Conflict")];
    case "quiet":
      return isChanged(state)
        ? ["pencil", "warning", gettext("Not saved yet")]
        : ["cloud-check", "quiet", gettext("Saved")];
  }
}

function SaveMark() {
  const [icon, tone, words] = look(useContract());
  return (
    <span className={`state state-${tone} type-save`} role="status">
      <Icon name={icon} />
      <span>{words}</span>
    </span>
  );
}

interface Options {
  session: Session;
  view: "form" | "text";
  show: (view: "form" | "text") => void;
  publish: () => void;
}

/** The head of the editor: what is open, whether it is saved, and what can be done with it. */
export function Bar({ session, view, show, publish }: Options) {
  const { configuration } = session;
  const title = asText(useValue(["title"]));
  const before = useContract((state) => state.before);
  const canSave = useContract(
    (state) => isChanged(state) && state.findings.length === 0 && state.save.kind !== "saving",
  );
  const canUndo = useContract((state) => state.steps.done.length > 0);
  const canRedo = useContract((state) => state.steps.undone.length > 0);
  const isSound = useContract((state) => state.findings.length === 0);
  const { undo, redo } = useContract.getState();
  return (
    <header className="type-bar">
      <div className="type-name">
        <a
          href={configuration.url}
          className="bar-button"
          aria-label={gettext("Back to the contract")}
          title={gettext("Back to the contract")}
        >
          <Icon name="chevron-left" />
        </a>
        <h1>{title || gettext("A contract without a title")}</h1>
        <span className="type-version">
          {before
            ? gettext("Version {version} holds from {from}", { version: before.version, from: before.from })
            : gettext("Draft, not published yet")}
        </span>
        <SaveMark />
      </div>
      <div className="type-tools" role="toolbar" aria-label={gettext("Tools")}>
        <div className="type-views contract-views" role="group" aria-label={gettext("View")}>
          <button
            type="button"
            aria-pressed={view === "form"}
            onClick={() => {
              show("form");
            }}
          >
            {gettext("Form")}
          </button>
          <button
            type="button"
            aria-pressed={view === "text"}
            onClick={() => {
              show("text");
            }}
          >
            {gettext("Text")}
          </button>
        </div>
        <button
          type="button"
          className="bar-button"
          aria-label={gettext("Undo")}
          title={`${gettext("Undo")} (Ctrl Z)`}
          aria-keyshortcuts="Control+Z"
          disabled={!canUndo}
          onClick={undo}
        >
          <Icon name="arrow-back-up" />
        </button>
        <button
          type="button"
          className="bar-button"
          aria-label={gettext("Redo")}
          title={`${gettext("Redo")} (Ctrl Shift Z)`}
          aria-keyshortcuts="Control+Shift+Z"
          disabled={!canRedo}
          onClick={redo}
        >
          <Icon name="arrow-forward-up" />
        </button>
        <button
          type="button"
          className={configuration.can_publish ? "btn" : "btn btn-primary"}
          title="Ctrl S"
          aria-keyshortcuts="Control+S"
          disabled={!canSave}
          onClick={() => void session.save()}
        >
          {gettext("Save")}
        </button>
        {configuration.can_publish && (
          <button type="button" className="btn btn-primary" disabled={!isSound} onClick={publish}>
            <Icon name="rocket" />
            {gettext("Publish")}
          </button>
        )}
      </div>
    </header>
  );
}
