import { useId, useState } from "react";
import { RefusedError, UnreachableError } from "../common/api.ts";
import { announce } from "../common/dom.ts";
import { gettext } from "../common/gettext.ts";
import { Dialog } from "./Dialog.tsx";
import type { Finding } from "./document.ts";
import { FindingList } from "./Findings.tsx";
import type { Session } from "./session.ts";
import { useComposer } from "./store.ts";

const isError = (finding: Finding): boolean => finding.severity !== "hint";

interface Outcome {
  message: string;
  fix?: string | undefined;
  findings: Finding[];
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof RefusedError) {
    const { problem } = error;
    return { message: error.message, fix: problem.fix, findings: (problem.findings as Finding[] | undefined) ?? [] };
  }
  if (error instanceof UnreachableError) {
    return { message: gettext("The server could not be reached. Nothing was published."), findings: [] };
  }
  throw error;
}

/** Publishing the draft as the next version, with a note; what stands in the way is listed with the way to it. */
export function PublishDialog({ session, close }: { session: Session; close: () => void }) {
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const current = useComposer((state) => state.findings).filter(isError);
  const findings = outcome?.findings.length ? outcome.findings : current;
  const id = useId();

  const publish = async (): Promise<void> => {
    setBusy(true);
    try {
      const { version } = await session.publish(note.trim());
      announce(gettext("Published as version {version}.", { version }));
      close();
    } catch (error) {
      setOutcome(outcomeOf(error));
      setBusy(false);
    }
  };

  return (
    <Dialog title={gettext("Publish")} close={close}>
      {outcome && (
        <div className="form-summary" role="alert">
          <p>{outcome.message}</p>
          {outcome.fix && <p>{outcome.fix}</p>}
        </div>
      )}
      {findings.length > 0 ? (
        <>
          <p>{gettext("These have to be put right first. The draft is saved and stays as it is.")}</p>
          <div className="dialog-list" onClick={close}>
            <FindingList findings={findings} />
          </div>
        </>
      ) : (
        <p>
          {gettext(
            "The draft becomes the next version. Gateways and predictions follow it from then on; earlier versions stay.",
          )}
        </p>
      )}
      <div className="form-field">
        <label className="form-label" htmlFor={id}>
          {gettext("What changed")} <span className="form-optional">{gettext("optional")}</span>
        </label>
        <textarea
          id={id}
          className="form-control"
          rows={3}
          maxLength={500}
          value={note}
          onChange={(event) => {
            setNote(event.target.value);
          }}
        />
      </div>
      <div className="form-bar">
        <button type="button" className="btn btn-primary" disabled={busy} onClick={() => void publish()}>
          {busy ? gettext("Publishing…") : gettext("Publish")}
        </button>
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </Dialog>
  );
}
