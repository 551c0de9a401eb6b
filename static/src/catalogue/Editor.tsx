import "./shortcuts.css";
import "./nav.css";
import { Suspense, useEffect, useRef, useState } from "react";
import { gettext } from "../common/gettext.ts";
import { later } from "../common/later.ts";
import { Dialog } from "../composer/Dialog.tsx";
import { Icon } from "../composer/Icon.tsx";
import { About } from "./About.tsx";
import { Bar } from "./Bar.tsx";
import { SECTIONS } from "./document.ts";
import { FindingList } from "./Findings.tsx";
import { elements } from "./inheritance.ts";
import { SectionPage } from "./Items.tsx";
import { placeOf } from "./marks.ts";
import { formOf } from "./sections.ts";
import type { Session } from "./session.ts";
import { useEditor, type Page } from "./store.ts";
import { Configured } from "./trial.ts";

// What the forms can be seen without comes after them.
const JsonView = later(() => import("./JsonView.tsx").then((part) => part.JsonView));
const PublishDialog = later(() => import("./Publish.tsx").then((part) => part.PublishDialog));
const Trouble = later(() => import("./Conflict.tsx").then((part) => part.Trouble));

const PAGES: [page: Page, label: string, icon: string][] = [
  ["about", gettext("About the type"), "info-circle"],
  ...SECTIONS.map((section): [Page, string, string] => [section, formOf(section).label, formOf(section).icon]),
];

function Nav() {
  const page = useEditor((state) => state.page);
  const document = useEditor((state) => state.document);
  const from = useEditor((state) => state.heritage);
  const findings = useEditor((state) => state.findings);
  const { open } = useEditor.getState();
  const wrong = new Set(
    findings
      .filter((each) => each.severity !== "hint")
      .map((each) => placeOf(each).place.split("/")[0] ?? "")
      .map((first) => (SECTIONS.some((section) => section === first) ? first : "about")),
  );
  return (
    <nav className="type-nav" aria-label={gettext("Sections")}>
      <ul>
        {PAGES.map(([each, label, icon]) => {
          const count = each === "about" ? 0 : elements(document, each, from).length;
          return (
            <li key={each}>
              <button
                type="button"
                aria-current={page === each ? "page" : undefined}
                onClick={() => {
                  open(each);
                }}
              >
                <Icon name={icon} />
                <span>{label}</span>
                {wrong.has(each) && (
                  <span className="type-mark">
                    <Icon name="alert-circle" />
                    <span className="visually-hidden">{gettext("Something is wrong here.")}</span>
                  </span>
                )}
                {count > 0 && <small>{count}</small>}
              </button>
            </li>
          );
        })}
      </ul>
      <select
        className="form-select"
        aria-label={gettext("Section")}
        value={page}
        onChange={(event) => {
          open(event.target.value as Page);
        }}
      >
        {PAGES.map(([each, label]) => (
          <option key={each} value={each}>
            {wrong.has(each) ? `⚠ ${label}` : label}
          </option>
        ))}
      </select>
    </nav>
  );
}

const SHORTCUTS: [keys: string, words: string][] = [
  ["Ctrl Z", gettext("Undo")],
  ["Ctrl Shift Z", gettext("Redo")],
  ["Ctrl S", gettext("Save now")],
  ["Ctrl Enter", gettext("Publish")],
  ["Alt ↑ Alt ↓", gettext("Section before, section after")],
  ["Ctrl Space", gettext("In a formula: what may stand here")],
  ["F8", gettext("Next finding")],
  ["?", gettext("These shortcuts")],
];

function Help({ close }: { close: () => void }) {
  return (
    <Dialog title={gettext("Shortcuts")} close={close}>
      <dl className="type-shortcuts">
        {SHORTCUTS.map(([keys, words]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function FindingsDialog({ close }: { close: () => void }) {
  const findings = useEditor((state) => state.findings);
  return (
    <Dialog title={gettext("Findings")} close={close}>
      {findings.length ? (
        <FindingList findings={findings} jumped={close} />
      ) : (
        <p>{gettext("Nothing is wrong with this draft.")}</p>
      )}
    </Dialog>
  );
}

type Open = "publish" | "help" | "findings" | null;

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");

function nextPage(step: number): void {
  const { page, open } = useEditor.getState();
  const at = PAGES.findIndex(([each]) => each === page);
  const next = PAGES[(at + step + PAGES.length) % PAGES.length]?.[0];
  if (next) open(next);
}

let lastFinding = -1;

function nextFinding(): void {
  const { findings, jump } = useEditor.getState();
  if (findings.length === 0) return;
  lastFinding = (lastFinding + 1) % findings.length;
  const found = findings[lastFinding];
  if (found) jump(found.place);
}

/** What a key does wherever the focus is; undefined for one that does nothing here. */
function deedOf(event: KeyboardEvent, session: Session, show: (open: Open) => void): (() => void) | undefined {
  const { undo, redo } = useEditor.getState();
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    const deeds: Record<string, () => void> = {
      z: event.shiftKey ? redo : undo,
      y: redo,
      s: () => void session.saving.flush(),
      enter: () => {
        if (session.configuration.can_publish) show("publish");
      },
    };
    return deeds[key];
  }
  if (event.altKey && (key === "arrowup" || key === "arrowdown"))
    return () => {
      nextPage(key === "arrowup" ? -1 : 1);
    };
  if (key === "f8") return nextFinding;
  if (key === "?" && !isField(event.target))
    return () => {
      show("help");
    };
  return undefined;
}

/** The whole editor of an asset type. */
export function Editor({ session }: { session: Session }) {
  const [open, setOpen] = useState<Open>(null);
  const root = useRef<HTMLDivElement>(null);
  const page = useEditor((state) => state.page);
  const view = useEditor((state) => state.view);
  const isInTrouble = useEditor((state) => state.save.kind === "conflict" || state.save.kind === "refused");
  const { configuration } = session;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const deed = deedOf(event, session, setOpen);
      if (!deed) return;
      event.preventDefault();
      deed();
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, [session]);
  const close = (): void => {
    setOpen(null);
    root.current?.focus();
  };
  return (
    <Configured value={configuration}>
      <div ref={root} className="type-editor" tabIndex={-1}>
        <Bar
          back={configuration.urls.catalogue}
          canPublish={configuration.can_publish}
          showFindings={() => {
            setOpen("findings");
          }}
          publish={() => {
            setOpen("publish");
          }}
          help={() => {
            setOpen("help");
          }}
        />
        {view === "forms" ? (
          <>
            <Nav />
            <div className="type-page">{page === "about" ? <About /> : <SectionPage key={page} section={page} />}</div>
          </>
        ) : (
          <Suspense>
            <JsonView />
          </Suspense>
        )}
        <Suspense>
          {open === "publish" && <PublishDialog session={session} close={close} />}
          {isInTrouble && <Trouble saving={session.saving} />}
        </Suspense>
        {open === "help" && <Help close={close} />}
        {open === "findings" && (
          <FindingsDialog
            close={() => {
              setOpen(null);
            }}
          />
        )}
      </div>
    </Configured>
  );
}
