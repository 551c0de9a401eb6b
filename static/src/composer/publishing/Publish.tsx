import { useCallback, useEffect, useId, useState } from "react";
import { call, RefusedError, UnreachableError } from "../../common/api.ts";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { ChangeList } from "../../versions/ChangeList.tsx";
import { obstacle, partsOf, type Part, type Preview } from "../../versions/publication.ts";
import { Dialog } from "../Dialog.tsx";
import type { Finding } from "../model/document.ts";
import { Effects } from "./Effects.tsx";
import { FindingList } from "../finding/Findings.tsx";
import { useJump } from "../finding/jump.ts";
import "./publish.css";
import { ReviewPart } from "./ReviewPart.tsx";
import type { Session } from "../session.ts";
import { nameOf } from "../together/together.ts";
import { UnseenError } from "../together/unseen.ts";

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
  if (error instanceof UnseenError) {
    return { message: gettext("Somebody edited the draft meanwhile. Look at what they changed."), findings: [] };
  }
  throw error;
}

interface PartOptions {
  part: Part;
  ticked: boolean;
  tick: () => void;
  jump: (asset: string) => void;
}

function PartOfChanges({ part, ticked, tick, jump }: PartOptions) {
  const who = part.who.split(", ").map(nameOf).join(", ");
  const words = part.who
    ? ngettext("{count} change by {who}", "{count} changes by {who}", part.changes.length).replace("{who}", who)
    : ngettext("{count} change", "{count} changes", part.changes.length);
  return (
    <section className="publish-part" data-others={part.isOthers || undefined}>
      <details open={part.isOthers}>
        <summary>
          {part.isOthers ? words : ngettext("{count} change of yours", "{count} changes of yours", part.changes.length)}
        </summary>
        <ChangeList
          changes={part.changes}
          jump={(change) => {
            if (change.kind !== "removed" && change.assets[0]) jump(change.assets[0]);
          }}
        />
      </details>
      {part.isOthers && (
        <label className="publish-tick">
          <input type="checkbox" className="form-check-input" checked={ticked} onChange={tick} />
          {gettext("I have looked at what {who} changed", { who })}
        </label>
      )}
    </section>
  );
}

interface WordsOptions {
  words: { name: string; note: string };
  change: (words: { name: string; note: string }) => void;
}

function Words({ words, change }: WordsOptions) {
  const id = useId();
  const optional = <span className="form-optional">{gettext("optional")}</span>;
  return (
    <>
      <div className="form-field">
        <label className="form-label" htmlFor={`${id}-name`}>
          {gettext("Name of the version")} {optional}
        </label>
        <input
          id={`${id}-name`}
          className="form-control"
          maxLength={120}
          value={words.name}
          onChange={(event) => {
            change({ ...words, name: event.target.value });
          }}
        />
      </div>
      <div className="form-field">
        <label className="form-label" htmlFor={`${id}-note`}>
          {gettext("What changed")} {optional}
        </label>
        <textarea
          id={`${id}-note`}
          className="form-control"
          rows={2}
          maxLength={500}
          value={words.note}
          onChange={(event) => {
            change({ ...words, note: event.target.value });
          }}
        />
      </div>
    </>
  );
}

interface BodyOptions {
  preview: Preview;
  ticked: ReadonlySet<string>;
  tick: (who: string) => void;
  close: () => void;
}

function Body({ preview, ticked, tick, close }: BodyOptions) {
  const errors = preview.findings.filter((finding) => finding.severity !== "hint");
  const go = useJump();
  const jump = (asset: string): void => {
    close();
    go(asset);
  };
  return (
    <>
      {errors.length > 0 && (
        <section>
          <h3>{gettext("To be put right first")}</h3>
          <p>{gettext("The draft is saved and stays as it is.")}</p>
          <div className="dialog-list" onClick={close}>
            <FindingList findings={errors} />
          </div>
        </section>
      )}
      <section>
        <h3>{gettext("What it will do")}</h3>
        <Effects effects={preview.effects} />
      </section>
      <section>
        <h3>
          {preview.published_version
            ? gettext("What differs from version {version}", { version: preview.published_version })
            : gettext("What will be published")}
        </h3>
        {partsOf(preview).map((part) => (
          <PartOfChanges
            key={part.who}
            part={part}
            ticked={ticked.has(part.who)}
            tick={() => {
              tick(part.who);
            }}
            jump={jump}
          />
        ))}
        {preview.changes.length === 0 && <p>{gettext("Nothing differs.")}</p>}
      </section>
    </>
  );
}

/** Where the look at what publishing would do stands. */
interface Look {
  preview: Preview | null;
  outcome: Outcome | null;
}

async function lookAt(session: Session): Promise<Look> {
  try {
    await session.autosave.flush();
    return { preview: await call<Preview>(session.address("publication/")), outcome: null };
  } catch (error) {
    return { preview: null, outcome: outcomeOf(error) };
  }
}

/** What the server says that publishing would do; looked at again, because of what failed or what was done. */
function usePreview(session: Session): [Look, (failed?: unknown) => void] {
  const [look, setLook] = useState<Look>({ preview: null, outcome: null });
  const [turn, setTurn] = useState<{ failed: unknown }>({ failed: undefined });
  useEffect(() => {
    void lookAt(session).then((found) => {
      const outcome = turn.failed === undefined ? found.outcome : outcomeOf(turn.failed);
      setLook({ preview: found.preview, outcome });
    });
  }, [session, turn]);
  const again = useCallback((failed?: unknown): void => {
    setTurn({ failed });
  }, []);
  return [look, again];
}

function Trouble({ outcome }: { outcome: Outcome }) {
  return (
    <div className="form-summary" role="alert">
      <p>{outcome.message}</p>
      {outcome.fix && <p>{outcome.fix}</p>}
      {outcome.findings.length > 0 && <FindingList findings={outcome.findings} />}
    </div>
  );
}

interface FormOptions {
  session: Session;
  preview: Preview;
  close: () => void;
  again: (failed?: unknown) => void;
}

/** What will be published, and the button that does it once nothing stands in the way. */
function PublishForm({ session, preview, close, again }: FormOptions) {
  const [words, setWords] = useState({ name: "", note: "" });
  const [busy, setBusy] = useState(false);
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const inTheWay = obstacle(preview, ticked);

  const publish = async (): Promise<void> => {
    setBusy(true);
    try {
      const { version } = await session.publish(words.note.trim(), preview.revision, words.name.trim());
      announce(gettext("Published as version {version}.", { version }));
      close();
    } catch (error) {
      setTicked(new Set());
      again(error);
      setBusy(false);
    }
  };
  const tick = (who: string): void => {
    const after = new Set(ticked);
    if (!after.delete(who)) after.add(who);
    setTicked(after);
  };

  return (
    <>
      <div className="publish-body" tabIndex={0} role="region" aria-label={gettext("What will be published")}>
        <Body preview={preview} ticked={ticked} tick={tick} close={close} />
      </div>
      {inTheWay === "review" ? (
        <ReviewPart session={session} preview={preview} done={again} />
      ) : (
        <Words words={words} change={setWords} />
      )}
      {inTheWay === "unseen" && (
        <p className="composer-hint">{gettext("Tick what others changed: it is published along with yours.")}</p>
      )}
      <div className="form-bar">
        {inTheWay !== "review" && (
          <button
            type="button"
            className="btn btn-primary"
            disabled={busy || inTheWay !== null}
            onClick={() => void publish()}
          >
            {busy ? gettext("Publishing…") : gettext("Publish")}
          </button>
        )}
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </>
  );
}

/** Publishing the draft as the next version: what it will do and whose changes it takes along is shown before. */
export function PublishDialog({ session, close }: { session: Session; close: () => void }) {
  const [{ preview, outcome }, again] = usePreview(session);
  return (
    <Dialog title={gettext("Publish")} close={close}>
      {outcome && <Trouble outcome={outcome} />}
      {!preview && !outcome && <p role="status">{gettext("Looking at what it will do…")}</p>}
      {preview && <PublishForm session={session} preview={preview} close={close} again={again} />}
    </Dialog>
  );
}
