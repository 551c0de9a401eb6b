import { useId, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { inLanguage, targets, type AssetType } from "../model/catalogue.ts";
import type { End, Link } from "../model/document.ts";
import { Icon } from "../Icon.tsx";
import { Section } from "./Section.tsx";
import { useComposer } from "../store.ts";

const language = document.documentElement.lang;
/** What kinds of links are called. */
const KIND = /^[a-z][a-z0-9_]{0,63}$/;

export function useNames(): (id: string) => string {
  const assets = useComposer((state) => state.document.assets);
  return (id) => assets[id]?.name ?? id;
}

/** The kinds that the types of both ends speak of, and those that the twin has already. */
function useKinds(link: Link): [string, string][] {
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const kinds = new Map<string, string>([["feeds", ""]]);
  for (const each of Object.values(shown.links)) kinds.set(each.kind, "");
  for (const [asset] of [link.from, link.to])
    for (const [key, { name }] of Object.entries(types.get(shown.assets[asset]?.type ?? "")?.relationships ?? {}))
      kinds.set(key, inLanguage(name, language));
  return [...kinds];
}

/** What the first does for the second, to be read and changed. */
export function KindField({ id, link }: { id: string; link: Link }) {
  const canEdit = useComposer((state) => state.canEdit);
  const kinds = useKinds(link);
  const [text, setText] = useState<string | null>(null);
  const list = useId();
  const wanted = text?.trim().toLowerCase().replace(/\s+/g, "_") ?? "";
  const isWrong = text !== null && !KIND.test(wanted);
  const finish = (): void => {
    if (text === null || isWrong) return;
    setText(null);
    if (wanted !== link.kind) useComposer.getState().perform([{ op: "set_kind", link: id, kind: wanted }]);
  };
  return (
    <span className="kind-field">
      <label htmlFor={list}>{gettext("Kind")}</label>
      <input
        id={list}
        className={isWrong ? "form-control is-invalid" : "form-control"}
        list={`${list}-kinds`}
        maxLength={64}
        disabled={!canEdit}
        aria-invalid={isWrong}
        title={gettext("Small letters, digits and underscores, such as feeds")}
        value={text ?? link.kind}
        onChange={(event) => {
          setText(event.target.value);
        }}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === "Enter") finish();
          if (event.key === "Escape") setText(null);
        }}
      />
      <datalist id={`${list}-kinds`}>
        {kinds.map(([key, words]) => (
          <option key={key} value={key} label={words} />
        ))}
      </datalist>
    </span>
  );
}

function LinkRow({ id, link, asset }: { id: string; link: Link; asset: string }) {
  const name = useNames();
  const canEdit = useComposer((state) => state.canEdit);
  const outward = link.from[0] === asset;
  const [other, port] = outward ? link.to : link.from;
  return (
    <li>
      <Icon name={outward ? "arrow-right" : "arrow-left"} />
      <span>
        {outward
          ? gettext("to {name}, {port}", { name: name(other), port })
          : gettext("from {name}, {port}", { name: name(other), port })}
        <KindField id={id} link={link} />
      </span>
      {canEdit && (
        <button
          type="button"
          className="btn btn-sm"
          aria-label={gettext("Remove the link with {name}", { name: name(other) })}
          onClick={() => {
            useComposer.getState().perform([{ op: "unlink", link: id }]);
          }}
        >
          <Icon name="x" />
        </button>
      )}
    </li>
  );
}

/** The ends that a new link may have, to choose from without a pointer. */
function Targets({ from }: { from: End }) {
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const [wanted, setWanted] = useState("");
  const name = useNames();
  const possible = targets(shown, types, from).filter(([id]) =>
    name(id).toLocaleLowerCase().includes(wanted.toLocaleLowerCase()),
  );
  const { linkTo, stopLinking } = useComposer.getState();
  const choose = (end: End | null): void => {
    if (end) linkTo(end);
    else stopLinking();
    document.querySelector<HTMLElement>(`[data-link-from="${from[1]}"]`)?.focus();
  };
  return (
    <div
      className="targets"
      onKeyDown={(event) => {
        if (event.key === "Escape") choose(null);
      }}
    >
      <input
        type="search"
        className="form-control"
        autoFocus
        placeholder={gettext("Link to…")}
        aria-label={gettext("Find the asset to link to")}
        value={wanted}
        onChange={(event) => {
          setWanted(event.target.value);
        }}
        onKeyDown={(event) => {
          const [first] = possible;
          if (event.key !== "Enter" || !first) return;
          // Else the same key press would go on to the button that gets the focus.
          event.preventDefault();
          choose(first);
        }}
      />
      <ul>
        {possible.slice(0, 50).map((end) => (
          <li key={end.join("/")}>
            <button
              type="button"
              onClick={() => {
                choose(end);
              }}
            >
              {name(end[0])} <small>{end[1].replaceAll("_", " ")}</small>
            </button>
          </li>
        ))}
      </ul>
      {possible.length === 0 && <p className="composer-hint">{gettext("No other port fits and has room.")}</p>}
      {possible.length > 50 && <p className="composer-hint">{gettext("More fit; type to narrow the list.")}</p>}
    </div>
  );
}

function Ports({ id, type }: { id: string; type: AssetType }) {
  const linking = useComposer((state) => state.linking);
  const canEdit = useComposer((state) => state.canEdit);
  const { startLinking, stopLinking } = useComposer.getState();
  return Object.entries(type.ports).map(([port, { accepts }]) => {
    const active = linking?.from[0] === id && linking.from[1] === port;
    return (
      <div key={port} className="port-row">
        <div>
          <span>{port.replaceAll("_", " ")}</span> <small>{accepts.join(", ")}</small>
          {canEdit && (
            <button
              type="button"
              className="btn btn-sm"
              data-link-from={port}
              aria-pressed={active}
              aria-label={gettext("Link from {port}", { port })}
              onClick={() => {
                if (active) stopLinking();
                else startLinking([id, port]);
              }}
            >
              <Icon name={active ? "x" : "link"} />
              {active ? gettext("Cancel") : gettext("Link")}
            </button>
          )}
        </div>
        {active && <Targets from={[id, port]} />}
      </div>
    );
  });
}

/** The links of an asset with their kinds, and its ports to link from. */
export function LinksPart({ id, type }: { id: string; type: AssetType }) {
  const links = useComposer((state) => state.document.links);
  const own = Object.entries(links).filter(([, link]) => link.from[0] === id || link.to[0] === id);
  if (Object.keys(type.ports).length === 0 && own.length === 0) return null;
  return (
    <Section id="links" title={gettext("Links")} count={own.length}>
      <ul className="rows">
        {own.map(([key, link]) => (
          <LinkRow key={key} id={key} link={link} asset={id} />
        ))}
      </ul>
      <Ports id={id} type={type} />
    </Section>
  );
}
