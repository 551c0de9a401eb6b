import { useEffect, useMemo, useRef, useState } from "react";
import { gettext, ngettext } from "../common/gettext.ts";
import { Icon } from "../composer/Icon.tsx";
import { difference, telling, type TextSection } from "./model.ts";
import { jump, useContract, type Before } from "./store.ts";

/** The contract as it reads while it is written, with what is to be mended above and the digest below. */
export function TextPane() {
  const sections = useContract((state) => state.sections);
  const before = useContract((state) => state.before);
  const isCurrent = useContract((state) => state.isCurrent);
  const isSound = useContract((state) => state.findings.length === 0);
  const [shows, setShows] = useState<"text" | "changes">("text");
  return (
    <aside className="contract-text" aria-label={gettext("The contract as it reads")} tabIndex={0}>
      {before && (
        <div className="type-views" role="group" aria-label={gettext("What is shown")}>
          <button
            type="button"
            aria-pressed={shows === "text"}
            onClick={() => {
              setShows("text");
            }}
          >
            {gettext("Text")}
          </button>
          <button
            type="button"
            aria-pressed={shows === "changes"}
            onClick={() => {
              setShows("changes");
            }}
          >
            {gettext("Changes since version {version}", { version: before.version })}
          </button>
        </div>
      )}
      <div className={isCurrent && isSound ? "contract-lines" : "contract-lines contract-stale"}>
        {before && shows === "changes" ? (
          <Changes before={before} sections={sections} />
        ) : (
          <Lines sections={sections} />
        )}
      </div>
      <Digest />
      <Findings />
    </aside>
  );
}

function Findings() {
  const findings = useContract((state) => state.findings);
  if (findings.length === 0) return null;
  return (
    <section className="form-summary" aria-label={gettext("To be mended")}>
      <h2>
        {ngettext(
          "{count} thing to mend before it can be saved",
          "{count} things to mend before it can be saved",
          findings.length,
        )}
      </h2>
      <ul>
        {findings.slice(0, 50).map((finding, index) => (
          <li key={index}>
            {finding.message} {finding.fix}{" "}
            {finding.place && (
              <button
                type="button"
                className="type-quiet"
                onClick={() => {
                  jump(finding.place);
                }}
              >
                {gettext("Go to {place}", { place: finding.place.replaceAll("/", " › ") })}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lines({ sections }: { sections: TextSection[] }) {
  const place = useContract((state) => state.place);
  const marked = useMemo(() => telling(sections, place), [sections, place]);
  const lines = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Who walks through the text itself is not carried away from it.
    if (lines.current?.contains(document.activeElement)) return;
    lines.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [marked]);
  const shown = sections.map((section, at) => (
    <section key={`${section.place}/${at}`}>
      <h2>
        {at + 1}. {section.title}
      </h2>
      <ol>
        {section.lines.map((line, number) => (
          <li key={number} aria-current={marked.has(line) ? "true" : undefined}>
            <button
              type="button"
              onClick={() => {
                jump(line.places[0] ?? "");
              }}
            >
              <span>
                {at + 1}.{number + 1}
              </span>
              {line.text}
            </button>
          </li>
        ))}
      </ol>
    </section>
  ));
  return <div ref={lines}>{shown}</div>;
}

function Changes({ before, sections }: { before: Before; sections: TextSection[] }) {
  const found = useMemo(
    () =>
      difference(
        before.lines,
        sections.flatMap((section) => section.lines.map((line) => line.text)),
      ),
    [before, sections],
  );
  const changed = found.filter((change) => change.kind !== "same");
  return (
    <>
      <p>
        {gettext("Version {version} holds from {from}.", { version: before.version, from: before.from })}{" "}
        {changed.length === 0
          ? gettext("The draft reads the same.")
          : gettext("When the draft is published, these sentences change from its first day on.")}
      </p>
      <ul className="contract-changes">
        {changed.map((change, index) => (
          <li key={index} className={`contract-${change.kind}`}>
            <Icon name={change.kind === "gone" ? "minus" : "plus"} />
            <span className="visually-hidden">{change.kind === "gone" ? gettext("No longer:") : gettext("Now:")} </span>
            {change.kind === "gone" ? <del>{change.text}</del> : <ins>{change.text}</ins>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Digest() {
  const digest = useContract((state) => state.digest);
  const version = useContract((state) => state.version);
  const isCurrent = useContract((state) => state.isCurrent);
  return (
    <footer>
      <h2>{gettext("Digest")}</h2>
      <p className="form-note">
        {version === null
          ? gettext("The text above is of the last draft that fitted.")
          : gettext("SHA-256 of version {version}, as it would be published.", { version })}
      </p>
      <code className="digest" aria-live="off">
        {isCurrent && digest ? digest : "–"}
      </code>
    </footer>
  );
}
