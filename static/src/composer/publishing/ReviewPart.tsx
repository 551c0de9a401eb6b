import { useId, useState } from "react";
import { call, RefusedError, UnreachableError } from "../../common/api.ts";
import { announce } from "../../common/dom.ts";
import { gettext } from "../../common/gettext.ts";
import { uuid7 } from "../../common/uuid7.ts";
import type { Preview, Standing } from "../../versions/publication.ts";
import type { Session } from "../session.ts";
import { nameOf } from "../together/together.ts";

function whereItStands(standing: Standing): string {
  if (standing.state !== null && standing.is_stale)
    return gettext("The draft was edited after the last review. Ask for another one.");
  if (standing.state === "open")
    return gettext("A review was asked for. It can be published when somebody approved it.");
  if (standing.state === "changes")
    return gettext("{name} asked for changes: {comment}", {
      name: nameOf(standing.by ?? ""),
      comment: standing.comment ?? "",
    });
  return gettext("Your organisation publishes what another person has approved.");
}

interface Options {
  session: Session;
  preview: Preview;
  done: () => void;
}

/** Asking others to approve the draft before it is published. */
export function ReviewPart({ session, preview, done }: Options) {
  const [note, setNote] = useState("");
  const [trouble, setTrouble] = useState("");
  const id = useId();
  const waits = preview.review.state === "open" && !preview.review.is_stale;

  const ask = async (): Promise<void> => {
    try {
      const asked = { twin: session.twin, revision: preview.revision, note: note.trim() };
      await call(`${session.api}/twin-reviews/`, asked, { "Idempotency-Key": uuid7() });
      announce(gettext("Asked for a review."));
      setTrouble("");
    } catch (error) {
      if (error instanceof RefusedError) setTrouble(error.message);
      else if (error instanceof UnreachableError) setTrouble(gettext("The server could not be reached."));
      else throw error;
    }
    done();
  };

  return (
    <section>
      <h3>{gettext("Review")}</h3>
      <p role="status">{whereItStands(preview.review)}</p>
      {trouble && <p role="alert">{trouble}</p>}
      {!waits && (
        <div className="form-field">
          <label className="form-label" htmlFor={id}>
            {gettext("What should be looked at")} <span className="form-optional">{gettext("optional")}</span>
          </label>
          <input
            id={id}
            className="form-control"
            maxLength={500}
            value={note}
            onChange={(event) => {
              setNote(event.target.value);
            }}
          />
          <div className="form-bar">
            <button type="button" className="btn btn-primary" onClick={() => void ask()}>
              {gettext("Ask for a review")}
            </button>
          </div>
        </div>
      )}
    </section>
  );
}
