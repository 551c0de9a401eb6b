import { useId, type ReactNode } from "react";
import type { Finding, Json, Path } from "../catalogue/document.ts";
import { valueAt } from "../catalogue/document.ts";
import { gettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { useContract } from "./store.ts";

/** The value at a path of the draft. */
export function useValue(path: Path): Json | undefined {
  return useContract((state) => valueAt(state.draft, path));
}

/** What is wrong at exactly a place. */
export function useFindings(place: string): Finding[] {
  const findings = useContract((state) => state.findings);
  return findings.filter((finding) => finding.place === place);
}

export interface FieldOptions {
  path: Path;
  label: string;
  /** What the field says of the contract, in one plain line. */
  help?: string | undefined;
  /** Hides the label where a table has heads. */
  isBare?: boolean;
}

/** What a control within a field is given. */
export interface Given {
  id: string;
  place: string;
  describedBy: string;
  isWrong: boolean;
}

export function Faults({ findings }: { findings: readonly Finding[] }) {
  return findings.map((finding, index) => (
    <p key={index} className="form-error">
      <Icon name="alert-circle" />
      <span>
        {finding.message} {finding.fix}
      </span>
    </p>
  ));
}

/** A field with its label, its plain line and what is wrong with it; while the person is in it, its sentence is marked. */
export function Field({
  path,
  label,
  help,
  isBare,
  children,
}: FieldOptions & { children: (given: Given) => ReactNode }) {
  const id = useId();
  const place = path.join("/");
  const findings = useFindings(place);
  return (
    <div
      className="form-field contract-field"
      onFocus={() => {
        useContract.getState().look(place);
      }}
    >
      <label className={isBare ? "visually-hidden" : "form-label"} htmlFor={id}>
        {label}
      </label>
      {children({ id, place, describedBy: `${id}-note`, isWrong: findings.length > 0 })}
      <div id={`${id}-note`}>
        <Faults findings={findings} />
        {help && <p className="form-note">{help}</p>}
      </div>
    </div>
  );
}

interface GroupOptions {
  label: string;
  help?: string | undefined;
  path: Path;
  children: ReactNode;
}

/** Several controls that say one thing. */
export function Group({ label, help, path, children }: GroupOptions) {
  const id = useId();
  const place = path.join("/");
  const findings = useFindings(place);
  return (
    <fieldset
      className="form-field contract-field"
      tabIndex={-1}
      data-place={place}
      aria-describedby={`${id}-note`}
      onFocus={(event) => {
        // A field within it says more closely where the person is.
        const closest = (event.target as HTMLElement).closest("[data-place]")?.getAttribute("data-place");
        useContract.getState().look(closest?.startsWith(place) ? closest : place);
      }}
    >
      <legend className="form-label">{label}</legend>
      {children}
      <div id={`${id}-note`}>
        <Faults findings={findings} />
        {help && <p className="form-note">{help}</p>}
      </div>
    </fieldset>
  );
}

interface RowToolsOptions {
  path: Path;
  at: number;
  count: number;
  /** What the row is, for who does not see it. */
  what: string;
  isOrdered?: boolean;
  /** How many have to stay. */
  least?: number;
  copy?: () => void;
}

/** What can be done with an item of a list: moved, copied, removed. */
export function RowTools({ path, at, count, what, isOrdered, least = 0, copy }: RowToolsOptions) {
  const { move, remove } = useContract.getState();
  const button = (icon: string, words: string, run: () => void, isOff = false): ReactNode => (
    <button
      type="button"
      className="bar-button"
      aria-label={`${words}: ${what}`}
      title={words}
      disabled={isOff}
      onClick={run}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <div className="contract-tools">
      {isOrdered &&
        button(
          "arrow-up",
          gettext("Move up"),
          () => {
            move(path, at, -1);
          },
          at === 0,
        )}
      {isOrdered &&
        button(
          "arrow-down",
          gettext("Move down"),
          () => {
            move(path, at, 1);
          },
          at === count - 1,
        )}
      {copy && button("copy", gettext("Duplicate"), copy)}
      {button(
        "trash",
        gettext("Remove"),
        () => {
          remove(path, at);
        },
        count <= least,
      )}
    </div>
  );
}

/** Adds an item to a list. */
export function Add({ words, run }: { words: string; run: () => void }) {
  return (
    <button type="button" className="btn btn-sm" onClick={run}>
      <Icon name="plus" />
      {words}
    </button>
  );
}
