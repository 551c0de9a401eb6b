import { gettext, ngettext } from "../../common/gettext.ts";
import { ConflictDialog } from "./Conflict.tsx";
import { Dialog } from "../Dialog.tsx";
import { RefusedWords } from "../RefusedWords.tsx";
import { download } from "./keeping.ts";
import type { SaveState } from "./saving.ts";
import type { Session } from "../session.ts";
import { useComposer } from "../store.ts";

function Refused({ session, save }: { session: Session; save: SaveState & { kind: "refused" } }) {
  const { autosave } = session;
  return (
    <Dialog title={gettext("The last change was not saved")}>
      <RefusedWords problem={save.problem} />
      <div className="form-bar">
        <button type="button" className="btn btn-primary" autoFocus onClick={() => void autosave.retry()}>
          {gettext("Try again")}
        </button>
        <button
          type="button"
          className="btn"
          onClick={() => {
            download(autosave);
          }}
        >
          {gettext("Download my changes")}
        </button>
        <button type="button" className="btn" onClick={() => void autosave.drop()}>
          {gettext("Drop the change")}
        </button>
      </div>
    </Dialog>
  );
}

function SignedOut({ session, save }: { session: Session; save: SaveState & { kind: "signed-out" } }) {
  return (
    <div className="signed-out" role="alert">
      <p>
        <strong>{gettext("You are signed out.")}</strong>{" "}
        {ngettext(
          "{count} change is not saved yet. It is kept in this browser, and saved by itself when you have signed in again.",
          "{count} changes are not saved yet. They are kept in this browser, and saved by themselves when you have signed in again.",
          save.count,
        )}
      </p>
      <div className="form-bar">
        <a className="btn btn-primary" href={session.signIn} target="_blank" rel="noopener">
          {gettext("Sign in in a new tab")}
        </a>
        <button type="button" className="btn" onClick={() => void session.autosave.retry()}>
          {gettext("Save now")}
        </button>
      </div>
    </div>
  );
}

/** What keeps the draft from being saved, and what the person can do about it. */
export function Trouble({ session }: { session: Session }) {
  const save = useComposer((state) => state.save);
  if (save.kind === "conflict") return <ConflictDialog autosave={session.autosave} conflict={save} />;
  if (save.kind === "signed-out") return <SignedOut session={session} save={save} />;
  return save.kind === "refused" ? <Refused session={session} save={save} /> : null;
}
