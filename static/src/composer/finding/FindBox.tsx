import { useDeferredValue, useId, useMemo, useState, type KeyboardEvent } from "react";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { inLanguage } from "../model/catalogue.ts";
import "./find.css";
import { completions, find } from "./find.ts";
import { Icon, TypeIcon } from "../Icon.tsx";
import { useJump } from "./jump.ts";
import { useComposer, type Composer } from "../store.ts";

const language = document.documentElement.lang;
/** How many of the found are listed; all of them can be selected. */
const LISTED = 50;

interface Option {
  key: string;
  /** A query that goes on from what is typed, or an asset. */
  offer: string | null;
  asset: string | null;
}

/** What fits a query. */
interface Found {
  found: string[];
  options: Option[];
  /** The option that Enter takes unless another is gone to: what was found comes before what may be typed. */
  first: number;
}

const NONE: Found = { found: [], options: [], first: 0 };

type Sources = Pick<Composer, "document" | "types" | "findings">;

function lookFor(query: string, { document: shown, types, findings }: Sources): Found {
  const offers = completions(shown, types, query, language).slice(0, 8);
  const found = find(shown, types, findings, query);
  return {
    found,
    options: [
      ...offers.map((offer) => ({ key: `? ${offer}`, offer, asset: null })),
      ...found.slice(0, LISTED).map((asset) => ({ key: asset, offer: null, asset })),
    ],
    first: found.length > 0 && query.trim() !== "" ? offers.length : 0,
  };
}

/** What is listed. In a large twin it comes a little after the typing, which it must not hold up. */
function useListed(query: string, isOpen: boolean): Found {
  const shown = useComposer((state) => (isOpen ? state.document : null));
  const types = useComposer((state) => state.types);
  const findings = useComposer((state) => state.findings);
  return useMemo(
    () => (shown ? lookFor(query, { document: shown, types, findings }) : NONE),
    [shown, types, findings, query],
  );
}

function OptionBody({ offer, asset }: Option) {
  const found = useComposer((state) => (asset === null ? undefined : state.document.assets[asset]));
  const type = useComposer((state) => state.types.get(found?.type ?? ""));
  if (offer !== null)
    return (
      <>
        <Icon name="filter" />
        <span>{offer.trim()}</span>
      </>
    );
  return (
    <>
      <TypeIcon icon={type?.icon} />
      <span>{found?.name}</span>
      <small>{type ? inLanguage(type.name, language) : found?.type}</small>
    </>
  );
}

interface ListOptions {
  id: string;
  options: Option[];
  active: number;
  choose: (option: Option) => void;
}

function Options({ id, options, active, choose }: ListOptions) {
  return (
    <ul id={id} role="listbox" aria-label={gettext("What was found")}>
      {options.map((option, index) => (
        <li
          key={option.key}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          ref={(place) => {
            if (index === active) place?.scrollIntoView({ block: "nearest" });
          }}
          onPointerDown={(event) => {
            // The field keeps the focus.
            event.preventDefault();
            choose(option);
          }}
        >
          <OptionBody {...option} />
        </li>
      ))}
    </ul>
  );
}

/** What stands below the list: why it is short, and the way to select all. */
function Foot({ count, query, takeAll }: { count: number; query: string; takeAll: () => void }) {
  return (
    <>
      {count === 0 && query.trim() !== "" && (
        <p className="composer-hint">{gettext("Nothing fits all of it. Try fewer words.")}</p>
      )}
      {count > LISTED && <p className="composer-hint">{gettext("The first {count} are listed.", { count: LISTED })}</p>}
      {count > 0 && (
        <button type="button" className="btn btn-sm" onClick={takeAll}>
          {ngettext("Select the {count} that was found", "Select all {count} that were found", count)}
          <kbd>{gettext("Ctrl Enter")}</kbd>
        </button>
      )}
    </>
  );
}

function countInWords(isOpen: boolean, query: string, count: number): string {
  if (!isOpen || !query.trim()) return "";
  return count === 0 ? gettext("none") : String(count);
}

function selectAll(found: string[]): void {
  useComposer.getState().select(found);
  announce(ngettext("{count} asset is selected.", "{count} assets are selected.", found.length));
}

/** Finds assets by words and filters; the arrow keys go through the list, Enter goes to one, Ctrl-Enter selects all. */
export function FindBox() {
  const [query, setQuery] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const jump = useJump();
  const id = useId();
  const listedFor = useDeferredValue(query);
  const { found, options, first } = useListed(listedFor, isOpen);
  const at = Math.min(active + first, options.length - 1);

  const write = (text: string): void => {
    setQuery(text);
    setActive(0);
    setOpen(true);
  };
  const choose = ({ offer, asset }: Option): void => {
    if (offer !== null) write(offer);
    if (asset === null) return;
    setOpen(false);
    jump(asset);
  };
  const move = (step: number): void => {
    setOpen(true);
    setActive(((at + step + options.length) % Math.max(1, options.length)) - first);
  };
  const takeAll = (all: string[]): void => {
    if (all.length > 0) selectAll(all);
    setOpen(false);
  };
  const enter = (isAll: boolean): void => {
    // Whoever types faster than the list comes means what is typed, not what is still listed.
    const fresh = listedFor === query && isOpen ? null : lookFor(query, useComposer.getState());
    const option = fresh ? fresh.options[fresh.first] : options[at];
    if (isAll) takeAll((fresh ?? { found }).found);
    else if (isOpen && option) choose(option);
    else setOpen(true);
  };
  const onKey = (event: KeyboardEvent): void => {
    const does: Record<string, () => void> = {
      ArrowDown: () => {
        move(1);
      },
      ArrowUp: () => {
        move(-1);
      },
      Enter: () => {
        enter(event.ctrlKey || event.metaKey);
      },
      Escape: () => {
        if (isOpen) setOpen(false);
        else write("");
      },
    };
    if (!does[event.key]) return;
    event.preventDefault();
    does[event.key]?.();
  };

  const shows = isOpen && (options.length > 0 || query.trim() !== "");
  return (
    <div
      className="find-box"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <input
        type="search"
        className="form-control"
        data-find
        role="combobox"
        aria-expanded={shows}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(shows && options[at] ? { "aria-activedescendant": `${id}-list-${at}` } : {})}
        placeholder={gettext("Find assets…")}
        title={gettext("A name, a type or a property; is:invalid, type:pump, signal:temp and group: narrow it")}
        aria-label={gettext("Find assets; Enter goes to the chosen one")}
        value={query}
        onFocus={() => {
          setOpen(true);
        }}
        onChange={(event) => {
          write(event.target.value);
        }}
        onKeyDown={onKey}
      />
      <span role="status" className="find-count">
        {countInWords(isOpen, query, found.length)}
      </span>
      <div className="find-list" hidden={!shows}>
        <Options id={`${id}-list`} options={options} active={at} choose={choose} />
        <Foot
          count={found.length}
          query={query}
          takeAll={() => {
            takeAll(found);
          }}
        />
      </div>
    </div>
  );
}
