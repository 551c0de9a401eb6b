import { useState } from "react";
import { RefusedError, UnreachableError } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";
import { Dialog } from "../composer/Dialog.tsx";
import { difference } from "./model.ts";
import type { Session } from "./session.ts";
import { useContract } from "./store.ts";

/** The lines of the draft as they read now. */
function useLines(): string[] {
  const sections = useContract((state) => state.sections);
  return sections.flatMap((section) => section.lines.map((line) => line.text));
}

function Differences({ before, after }: { before: string[]; after: string[] }) {
  const changed = difference(before, after).filter((change) => change.kind !== "same");
  if (changed.length === 0) return <p>{gettext("Both read the same.")}</p>;
  return (
    <ul className="contract-changes">
      {changed.map((change, index) => (
        <li key={index}>{change.kind === "gone" ? <del>{change.text}</del> : <ins>{change.text}</ins>}</li>
      ))}
    </ul>
  );
}

/** Somebody else saved meanwhile: one of the two drafts is kept. */
export function ConflictDialog({ session }: { session: Session }) {
  const save = useContract((state) => state.save);
  const lines = useLines();
  if (save.kind !== "conflict") return null;
  return (
    <Dialog title={gettext("Somebody else saved this draft")}>
      <p>
        {gettext(
          "Since you opened it, revision {revision} was saved. Nothing is lost yet: this is how yours differs from it.",
          { revision: save.revision },
        )}
      </p>
      <Differences before={save.lines} after={lines} />
      <div className="form-bar">
        <button type="button" className="btn btn-primary" data-first onClick={() => void session.settle("theirs")}>
          {gettext("Take theirs")}
        </button>
        <button type="button" className="btn" onClick={() => void session.settle("ours")}>
          {gettext("Save mine over it")}
        </button>
      </div>
    </Dialog>
  );
}

/** Publishing the draft as the next version: what changes, and from when. */
export function PublishDialog({ session, close }: { session: Session; close: () => void }) {
  const before = useContract((state) => state.before);
  const version = useContract((state) => state.version);
  const save = useContract((state) => state.save);
  const lines = useLines();
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");
  const publish = async (): Promise<void> => {
    setBusy(true);
    try {
      await session.publish();
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      const fix = error instanceof RefusedError ? (error.problem.fix ?? "") : "";
      setRefusal(
        error instanceof RefusedError
          ? `${error.message} ${fix}`
          : gettext("The server could not be reached. Nothing was published."),
      );
    }
    setBusy(false);
  };
  return (
    <Dialog title={gettext("Publish version {version}", { version: version ?? "" })} close={close}>
      {(refusal || save.kind === "refused") && (
        <div className="form-summary" role="alert">
          <p>{refusal || (save.kind === "refused" ? save.message : "")}</p>
        </div>
      )}
      <p>{gettext("A published version is written into the log and never changes. Amend it by publishing another.")}</p>
      {before && (
        <>
          <p>
            {gettext("What changes since version {version}, from the day on which the new one holds:", {
              version: before.version,
            })}
          </p>
          <Differences before={before.lines} after={lines} />
        </>
      )}
      <div className="form-bar">
        <button type="button" className="btn btn-primary" data-first disabled={isBusy} onClick={() => void publish()}>
          {isBusy ? gettext("Publishing…") : gettext("Publish")}
        </button>
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </Dialog>
  );
}
