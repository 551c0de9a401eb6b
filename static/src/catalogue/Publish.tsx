import "./publish.css";
import { useEffect, useId, useState } from "react";
import { call, RefusedError, UnreachableError } from "../common/api.ts";
import { announce } from "../common/dom.ts";
import { gettext, ngettext } from "../common/gettext.ts";
import { Dialog } from "../composer/Dialog.tsx";
import { Icon } from "../composer/Icon.tsx";
import { changes, type Change } from "./changes.ts";
import { asText, type Finding, type TypeDocument } from "./document.ts";
import { FindingList } from "./Findings.tsx";
import { inWords } from "./Frame.tsx";
import type { Session } from "./session.ts";
import { useEditor } from "./store.ts";

interface Outcome {
  message: string;
  fix: string;
  findings: Finding[];
}

type Effect = "safe" | "needs a value" | "breaks";

/** What the draft changes for assets of the version before it, as the server works it out. */
interface Upgrade {
  of: string;
  effect: Effect;
  instances: number;
  items: { place: string; change: string; effect: Effect; message: string; count: number }[];
}

/** What publishing means for what there is; null without a version before it. */
type Before = { document: TypeDocument; upgrade: Upgrade } | null;

function outcomeOf(error: unknown): Outcome {
  if (error instanceof RefusedError) {
    const { problem } = error;
    return {
      message: error.message,
      fix: problem.fix ?? "",
      findings: (problem["findings"] as Finding[] | undefined) ?? [],
    };
  }
  if (error instanceof UnreachableError)
    return { message: gettext("The server could not be reached. Nothing was published."), fix: "", findings: [] };
  throw error;
}

/** The version before the draft and what changes from it: undefined until it is known, "unknown" when it cannot be. */
function useBefore({ configuration, saving }: Session): Before | undefined | "unknown" {
  const published = useEditor((state) => state.published);
  const key = useEditor((state) => asText(state.document["key"]));
  const [before, setBefore] = useState<Before | undefined | "unknown">(published === null ? null : undefined);
  useEffect(() => {
    if (published === null) return undefined;
    const base = configuration.api.replace(/\/$/, "");
    const stop = new AbortController();
    const get = <Answer,>(url: string): Promise<Answer> =>
      call(`${base}/${url}`, undefined, {}, { signal: stop.signal });
    const ask = async (): Promise<void> => {
      try {
        await saving.flush();
        const [document, upgrade] = await Promise.all([
          get<TypeDocument>(`asset-types/${key}@${published}/`),
          get<Upgrade>(`asset-type-drafts/${configuration.draft}/effects/`),
        ]);
        setBefore({ document, upgrade });
      } catch (error) {
        if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
        if (!stop.signal.aborted) setBefore("unknown");
      }
    };
    void ask();
    return () => {
      stop.abort();
    };
  }, [configuration, saving, published, key]);
  return before;
}

function ChangeRow({ change }: { change: Change }) {
  const [icon, words] =
    change.before === undefined
      ? ["plus", gettext("new")]
      : change.after === undefined
        ? ["minus", gettext("gone")]
        : ["pencil", gettext("changed")];
  return (
    <li>
      <Icon name={icon} />
      <span>
        <strong>{change.path.join(" › ")}</strong> <small>{words}</small>
        <br />
        {change.before !== undefined && change.after !== undefined && (
          <>
            <del>{inWords(change.before)}</del> <Icon name="arrow-right" /> <ins>{inWords(change.after)}</ins>
          </>
        )}
        {change.before === undefined && inWords(change.after)}
      </span>
    </li>
  );
}

function Differences({ before }: { before: TypeDocument }) {
  const document = useEditor((state) => state.document);
  const found = changes(before, document).filter(({ path }) => path[0] !== "version");
  if (found.length === 0) return <p>{gettext("Nothing differs from the newest version.")}</p>;
  return (
    <>
      <h3>
        {gettext("What changed since version {version}", { version: asText(before["version"]) })} ({found.length})
      </h3>
      <ul className="type-changes">
        {found.slice(0, 200).map((change) => (
          <ChangeRow key={change.path.join("/")} change={change} />
        ))}
      </ul>
    </>
  );
}

const EFFECTS: Record<Effect, [icon: string, tone: string, words: string]> = {
  safe: ["circle-check", "good", gettext("safe")],
  "needs a value": ["pencil", "warning", gettext("needs a value")],
  breaks: ["alert-triangle", "bad", gettext("breaks")],
};

function Effects({ upgrade }: { upgrade: Upgrade }) {
  const told = [...upgrade.items].sort((one, other) => ORDER.indexOf(one.effect) - ORDER.indexOf(other.effect));
  return (
    <>
      <h3>
        {ngettext(
          "What it means for {count} asset of {type}",
          "What it means for {count} assets of {type}",
          upgrade.instances,
        ).replace("{type}", upgrade.of)}
      </h3>
      <p>
        {gettext(
          "They keep the version they have: nothing changes for them until somebody upgrades them. Then this would happen:",
        )}
      </p>
      {told.length === 0 && <p>{gettext("Nothing that they would notice.")}</p>}
      <ul className="type-changes">
        {told.slice(0, 100).map((item, index) => {
          const [icon, tone, words] = EFFECTS[item.effect];
          return (
            <li key={index}>
              <span className={`state state-${tone}`}>
                <Icon name={icon} />
                <span>{words}</span>
              </span>
              <span>
                {item.message}{" "}
                {item.count > 0 && <small>{ngettext("{count} asset", "{count} assets", item.count)}</small>}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

const ORDER: Effect[] = ["breaks", "needs a value", "safe"];

function WhatChanges({ session }: { session: Session }) {
  const before = useBefore(session);
  if (before === undefined) return <p role="status">{gettext("Looking at what changes…")}</p>;
  if (before === "unknown")
    return <p>{gettext("What changes since the newest version could not be worked out now.")}</p>;
  if (before === null)
    return (
      <p>
        {gettext(
          "This is its first version. Once published it can be placed in twins and extended, and never changes.",
        )}
      </p>
    );
  return (
    <>
      <Differences before={before.document} />
      <Effects upgrade={before.upgrade} />
    </>
  );
}

function Outcomes({ outcome }: { outcome: Outcome | null }) {
  if (!outcome) return null;
  return (
    <div className="form-summary" role="alert">
      <p>{outcome.message}</p>
      {outcome.fix && <p>{outcome.fix}</p>}
    </div>
  );
}

/** Publishing the draft as the next version: what changes, what that means, and what stands in the way. */
export function PublishDialog({ session, close }: { session: Session; close: () => void }) {
  const [note, setNote] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const current = useEditor((state) => state.findings).filter((finding) => finding.severity !== "hint");
  const findings = outcome?.findings.length ? outcome.findings : current;
  const id = useId();

  const publish = async (): Promise<void> => {
    setBusy(true);
    try {
      const { version } = await session.publish(note.trim());
      announce(gettext("Published as version {version}.", { version }));
      const key = asText(useEditor.getState().document["key"]);
      location.assign(session.configuration.urls.type.replace("TYPE", `${key}@${version}`));
    } catch (error) {
      setOutcome(outcomeOf(error));
      setBusy(false);
    }
  };

  return (
    <Dialog title={gettext("Publish")} close={close}>
      <Outcomes outcome={outcome} />
      {findings.length > 0 && (
        <>
          <p>{gettext("These have to be put right first. The draft is saved and stays as it is.")}</p>
          <div className="type-dialog-list">
            <FindingList findings={findings} jumped={close} />
          </div>
        </>
      )}
      <WhatChanges session={session} />
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
        <button
          type="button"
          className="btn btn-primary"
          disabled={isBusy || findings.length > 0}
          onClick={() => void publish()}
        >
          {isBusy ? gettext("Publishing…") : gettext("Publish")}
        </button>
        <button type="button" className="btn" onClick={close}>
          {gettext("Cancel")}
        </button>
      </div>
    </Dialog>
  );
}
