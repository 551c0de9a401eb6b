import { gettext } from "../common/gettext.ts";
import { Dialog } from "./Dialog.tsx";
import type { Operation, TwinDocument } from "./document.ts";
import { compact } from "./operations.ts";
import type { Session } from "./session.ts";
import { useComposer } from "./store.ts";
import { inWords } from "./words.ts";

function Side({ title, operations, shown }: { title: string; operations: Operation[]; shown: TwinDocument }) {
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {compact(operations).map((operation, index) => (
          <li key={index}>{inWords(operation, shown)}</li>
        ))}
      </ul>
    </section>
  );
}

/** The choice between theirs and ours, and what to do when the server refuses. */
export function Trouble({ session }: { session: Session }) {
  const save = useComposer((state) => state.save);
  const ours = useComposer((state) => state.document);
  const { autosave } = session;
  if (save.kind === "conflict") {
    // Assets are called what they are called for everybody; only those of our own, which nobody else has, are not there.
    const { document: saved } = autosave.base;
    const shown = { ...saved, assets: { ...ours.assets, ...saved.assets } };
    return (
      <Dialog title={gettext("Someone else changed the same")}>
        <p>{gettext("Nothing of either side is lost yet. Choose which changes count where both touch the same.")}</p>
        <div className="sides">
          <Side title={gettext("Theirs, saved")} operations={save.theirs} shown={shown} />
          <Side title={gettext("Yours, not saved")} operations={save.yours} shown={shown} />
        </div>
        <div className="form-bar">
          <button type="button" className="btn btn-primary" autoFocus onClick={() => void autosave.resolve("mine")}>
            {gettext("Keep mine on top of theirs")}
          </button>
          <button type="button" className="btn" onClick={() => void autosave.resolve("theirs")}>
            {gettext("Take theirs, drop mine")}
          </button>
        </div>
      </Dialog>
    );
  }
  if (save.kind !== "refused") return null;
  const { problem } = save;
  return (
    <Dialog title={gettext("The last change was not saved")}>
      <p>{problem.detail ?? problem.title ?? gettext("The server refused it.")}</p>
      {problem.fix && <p>{problem.fix}</p>}
      <p>{gettext("Everything before it is saved. Your change is still here.")}</p>
      {problem.request_id && (
        <p className="composer-hint">
          {gettext("Request")} <code>{problem.request_id}</code>
        </p>
      )}
      <div className="form-bar">
        <button type="button" className="btn btn-primary" autoFocus onClick={() => void autosave.retry()}>
          {gettext("Try again")}
        </button>
        <button type="button" className="btn" onClick={() => void autosave.resolve("theirs")}>
          {gettext("Drop the change")}
        </button>
      </div>
    </Dialog>
  );
}
