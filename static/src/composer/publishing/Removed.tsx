import { useEffect, useState } from "react";
import { call, RefusedError, UnreachableError } from "../../common/api.ts";
import { announce } from "../../common/dom.ts";
import { gettext } from "../../common/gettext.ts";
import type { Operation } from "../model/document.ts";
import { Icon } from "../Icon.tsx";
import "./publish.css";
import type { Session } from "../session.ts";
import { useComposer } from "../store.ts";
import { nameOf } from "../together/together.ts";

interface RemovedPart {
  subject: "asset" | "link" | "binding" | "group" | "note";
  key: string;
  name: string;
  by: string;
  at: string;
  /** What brings it back. */
  operations: Operation[];
}

/** What was removed, or why that cannot be told. */
async function removedFrom(session: Session): Promise<RemovedPart[] | string> {
  try {
    await session.autosave.flush();
    return (await call<{ results: RemovedPart[] }>(session.address("removed/"))).results;
  } catch (error) {
    if (error instanceof RefusedError) return error.message;
    if (error instanceof UnreachableError) return gettext("The server could not be reached.");
    throw error;
  }
}

/** What was taken out of the draft in the last thirty days, to be brought back: an edit like any other. */
export function Removed({ session }: { session: Session }) {
  const [parts, setParts] = useState<RemovedPart[] | string | null>(null);
  const [turn, setTurn] = useState(0);
  const canEdit = useComposer((state) => state.canEdit);
  useEffect(() => {
    void removedFrom(session).then(setParts);
  }, [session, turn]);

  const bringBack = (part: RemovedPart): void => {
    useComposer.getState().perform(part.operations, part.subject === "asset" ? [part.key] : undefined);
    announce(gettext("{name} is back. Undo with Ctrl-Z.", { name: part.name }));
    setTurn(turn + 1);
  };

  if (typeof parts === "string") return <p role="alert">{parts}</p>;
  if (parts === null) return <p role="status">{gettext("Looking…")}</p>;
  if (parts.length === 0)
    return <p className="composer-hint">{gettext("What is removed from this draft stays here for 30 days.")}</p>;
  return (
    <ul className="removed-list">
      {parts.map((part) => (
        <li key={`${part.subject}/${part.key}`} className="removed-part">
          <div>
            {part.name || gettext("Image")}
            <div className="composer-hint">
              {nameOf(part.by)} · <time dateTime={part.at}>{new Date(part.at).toLocaleString()}</time>
            </div>
          </div>
          {canEdit && part.operations.length > 0 && (
            <button
              type="button"
              className="btn btn-sm"
              onClick={() => {
                bringBack(part);
              }}
            >
              <Icon name="restore" />
              {gettext("Bring back")}
              <span className="visually-hidden"> {part.name}</span>
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
