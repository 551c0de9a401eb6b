import { useEffect, useState } from "react";
import { gettext } from "../common/gettext.ts";
import { Bar } from "./Bar.tsx";
import { Clauses } from "./Clauses.tsx";
import { ConflictDialog, PublishDialog } from "./Dialogs.tsx";
import { Fee } from "./Fee.tsx";
import { Assumptions, Limits, Parties, Payment } from "./Outer.tsx";
import type { Configuration, Session } from "./session.ts";
import { jump, useContract } from "./store.ts";
import { TextPane } from "./TextPane.tsx";

function Card({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="contract-card" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Form({ configuration }: { configuration: Configuration }) {
  return (
    <div className="contract-form">
      <Card title={gettext("Parties and time")}>
        <Parties configuration={configuration} />
      </Card>
      <Card title={gettext("Fee")}>
        <Fee configuration={configuration} />
      </Card>
      <Clauses />
      <Card title={gettext("Limits and evidence")}>
        <Limits configuration={configuration} />
      </Card>
      <Card title={gettext("Assumptions")}>
        <Assumptions />
      </Card>
      <Card title={gettext("Rounding, tax and payment")}>
        <Payment />
      </Card>
    </div>
  );
}

function Refusal() {
  const save = useContract((state) => state.save);
  if (save.kind !== "refused") return null;
  return (
    <div className="form-summary contract-refusal" role="alert">
      <p>{save.message}</p>
    </div>
  );
}

let lastFinding = -1;

function nextFinding(): void {
  const { findings } = useContract.getState();
  lastFinding = findings.length ? (lastFinding + 1) % findings.length : -1;
  const found = findings[lastFinding];
  if (found) jump(found.place);
}

/** What a key does wherever the focus is; undefined for one that does nothing here. */
function deedOf(event: KeyboardEvent, session: Session): (() => void) | undefined {
  const { undo, redo } = useContract.getState();
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey)
    return { z: event.shiftKey ? redo : undo, y: redo, s: () => void session.save() }[key];
  return key === "f8" ? nextFinding : undefined;
}

/** The whole editor of a contract's draft: what can be said on the left, how it reads on the right. */
export function Editor({ session }: { session: Session }) {
  const [isPublishing, setPublishing] = useState(false);
  const [view, setView] = useState<"form" | "text">("form");
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const deed = deedOf(event, session);
      if (!deed) return;
      event.preventDefault();
      deed();
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, [session]);
  return (
    <div className="contract-editor" data-view={view}>
      <Bar
        session={session}
        view={view}
        show={setView}
        publish={() => {
          setPublishing(true);
        }}
      />
      <Refusal />
      <Form configuration={session.configuration} />
      <TextPane />
      <ConflictDialog session={session} />
      {isPublishing && (
        <PublishDialog
          session={session}
          close={() => {
            setPublishing(false);
          }}
        />
      )}
    </div>
  );
}
