import { useState } from "react";
import { gettext } from "../common/gettext.ts";
import { find } from "./find.ts";
import { useJump } from "./jump.ts";
import { useComposer } from "./store.ts";

/** Finds assets by name, type or property; Enter goes from one to the next. */
export function FindBox() {
  const [query, setQuery] = useState("");
  const [place, setPlace] = useState(-1);
  const shown = useComposer((state) => state.document);
  const findings = useComposer((state) => state.findings);
  const jump = useJump();
  const found = find(shown, findings, query);

  const go = (step: number): void => {
    const next = (place + step + found.length) % Math.max(1, found.length);
    const asset = found[next];
    if (!asset) return;
    setPlace(next);
    jump(asset);
  };

  return (
    <div className="find-box">
      <input
        type="search"
        className="form-control"
        data-find
        placeholder={gettext("Find assets…")}
        title={gettext("A name, a type or a property; is:invalid and is:unlinked find what needs work")}
        aria-label={gettext("Find assets; Enter goes to the next")}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setPlace(-1);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          go(event.shiftKey && place >= 0 ? -1 : 1);
        }}
      />
      <span role="status" className="find-count">
        {query.trim() &&
          (found.length === 0
            ? gettext("none")
            : place < 0
              ? String(found.length)
              : gettext("{place} of {count}", { place: place + 1, count: found.length }))}
      </span>
    </div>
  );
}
