import { ReactFlowProvider } from "@xyflow/react";
import { useId, useMemo, useState, type ReactNode } from "react";
import { gettext, ngettext } from "../common/gettext.ts";
import type { TwinDocument } from "../composer/model/document.ts";
import { ChangeList } from "./ChangeList.tsx";
import {
  KINDS,
  kindWord,
  narrowed,
  NO_FILTER,
  SUBJECTS,
  subjectWord,
  type Change,
  type Counts,
  type Filters,
} from "./diff.ts";
import { DiffCanvas } from "./DiffCanvas.tsx";
import { drawing } from "./drawing.ts";

/** What the page's template says (`versions_config`). */
export interface Configuration {
  api: string;
  twin: string;
  /** A version's number, `0` for nothing or `draft`; null to show `after` by itself. */
  before: string | null;
  after: string;
  /** What can be compared: values and words. */
  choices: [string, string][];
  urls: { compare: string; canvas: string };
}

export interface Loaded {
  before: TwinDocument | null;
  after: TwinDocument;
  changes: Change[];
  counts: Counts;
}

function Chip({ on, press, children }: { on: boolean; press: () => void; children: ReactNode }) {
  return (
    <button type="button" className="diff-chip" aria-pressed={on} onClick={press}>
      {children}
    </button>
  );
}

function toggled<Value>(values: ReadonlySet<Value>, value: Value): ReadonlySet<Value> {
  const after = new Set(values);
  if (!after.delete(value)) after.add(value);
  return after;
}

interface FilterOptions {
  plain: boolean;
  loaded: Loaded;
  filters: Filters;
  change: (filters: Filters) => void;
}

function FilterBar({ plain, loaded, filters, change }: FilterOptions) {
  const id = useId();
  const subjects = SUBJECTS.filter((subject) => loaded.changes.some((each) => each.subject === subject));
  return (
    <div className="diff-filters">
      <label className="visually-hidden" htmlFor={id}>
        {gettext("Find in the list")}
      </label>
      <input
        id={id}
        type="search"
        className="form-control"
        placeholder={gettext("Find in the list")}
        value={filters.words}
        onChange={(event) => {
          change({ ...filters, words: event.target.value });
        }}
      />
      {!plain && (
        <div className="diff-chips" role="group" aria-label={gettext("How it differs")}>
          {KINDS.filter((kind) => loaded.counts[kind] > 0).map((kind) => (
            <Chip
              key={kind}
              on={filters.kinds.has(kind)}
              press={() => {
                change({ ...filters, kinds: toggled(filters.kinds, kind) });
              }}
            >
              {kindWord(kind)} {loaded.counts[kind]}
            </Chip>
          ))}
        </div>
      )}
      {subjects.length > 1 && (
        <div className="diff-chips" role="group" aria-label={gettext("What differs")}>
          {subjects.map((subject) => (
            <Chip
              key={subject}
              on={filters.subjects.has(subject)}
              press={() => {
                change({ ...filters, subjects: toggled(filters.subjects, subject) });
              }}
            >
              {subjectWord(subject)}
            </Chip>
          ))}
        </div>
      )}
    </div>
  );
}

function Choice({ configuration }: { configuration: Configuration }) {
  const { urls, choices, before, after } = configuration;
  const select = (name: string, words: string, value: string | null): ReactNode => (
    <label className="diff-choice">
      <span>{words}</span>
      <select className="form-select" name={name} defaultValue={value ?? ""}>
        {choices.map(([each, word]) => (
          <option key={each} value={each}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <form className="diff-choices" method="get" action={urls.compare}>
      {select("before", gettext("From"), before)}
      {select("after", gettext("To"), after)}
      <button type="submit" className="btn">
        {gettext("Compare")}
      </button>
      <a className="btn" href={swapped(urls.compare, before, after)}>
        {gettext("Swap")}
      </a>
    </form>
  );
}

/** The address of the same comparison the other way round. */
function swapped(url: string, before: string | null, after: string): string {
  return `${url}?${new URLSearchParams({ before: after, after: before ?? "0" }).toString()}`;
}

const id = (change: Change): string => `${change.subject}/${change.key}`;

/** A version to look at, or what differs between two: on the canvas, and as a list. */
export function Versions({ configuration, loaded }: { configuration: Configuration; loaded: Loaded }) {
  const plain = configuration.before === null;
  const [filters, setFilters] = useState<Filters>(NO_FILTER);
  const [chosen, setChosen] = useState<{ change: string | null; assets: string[] }>({ change: null, assets: [] });
  const drawn = useMemo(() => drawing(loaded.before, loaded.after, loaded.changes), [loaded]);
  const shown = narrowed(loaded.changes, filters);

  const choose = (asset: string): void => {
    const change = loaded.changes.find((each) => each.assets.includes(asset) || each.key === asset);
    setChosen({ change: change ? id(change) : null, assets: [asset] });
    if (!change) return;
    setFilters(NO_FILTER);
    requestAnimationFrame(() => {
      document.querySelector(".change[data-chosen]")?.scrollIntoView({ block: "nearest" });
    });
  };

  return (
    <>
      {configuration.choices.length > 0 && <Choice configuration={configuration} />}
      <div className="diff">
        <section className="diff-canvas" aria-label={gettext("Canvas")}>
          <ReactFlowProvider>
            <DiffCanvas
              drawing={drawn}
              chosen={chosen.assets}
              choose={choose}
              label={plain ? gettext("The version") : gettext("What differs")}
            />
          </ReactFlowProvider>
        </section>
        <section className="diff-list" aria-label={plain ? gettext("Parts") : gettext("Differences")}>
          <FilterBar plain={plain} loaded={loaded} filters={filters} change={setFilters} />
          <p className="count-note" role="status">
            {plain
              ? ngettext("{count} part", "{count} parts", shown.length)
              : ngettext("{count} difference", "{count} differences", shown.length)}
          </p>
          <div className="diff-scroll" tabIndex={0} role="region" aria-label={gettext("List")}>
            {loaded.changes.length === 0 ? (
              <p>{gettext("They say the same.")}</p>
            ) : (
              <ChangeList
                changes={shown}
                plain={plain}
                chosen={chosen.change}
                jump={(change) => {
                  setChosen({ change: id(change), assets: change.assets });
                }}
              />
            )}
          </div>
        </section>
      </div>
    </>
  );
}
