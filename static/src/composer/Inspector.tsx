import { useState } from "react";
import { gettext, ngettext } from "../common/gettext.ts";
import { inLanguage, targets, type AssetType } from "./catalogue.ts";
import type { Asset, End, Link } from "./document.ts";
import { findingsByAsset } from "./find.ts";
import { FindingList } from "./Findings.tsx";
import { Icon } from "./Icon.tsx";
import { Properties } from "./Properties.tsx";
import { Signals } from "./Signals.tsx";
import { useComposer } from "./store.ts";
import { TextField } from "./TextField.tsx";

const language = document.documentElement.lang;

function useNames(): (id: string) => string {
  const assets = useComposer((state) => state.document.assets);
  return (id) => assets[id]?.name ?? id;
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

function OneAsset({ id, asset, api }: { id: string; asset: Asset; api: string }) {
  const shown = useComposer((state) => state.document);
  const type = useComposer((state) => state.types.get(asset.type));
  const findings = useComposer((state) => state.findings);
  const canEdit = useComposer((state) => state.canEdit);
  const { perform, removeSelected } = useComposer.getState();
  const wrong = findingsByAsset(findings, shown).get(id) ?? [];
  const own = Object.entries(shown.links).filter(([, link]) => link.from[0] === id || link.to[0] === id);
  return (
    <>
      <TextField
        label={gettext("Name")}
        value={asset.name}
        disabled={!canEdit}
        required
        save={(name) => {
          perform([{ op: "rename", asset: id, name }]);
        }}
      />
      <p className="composer-hint">
        {type ? inLanguage(type.name, language) : gettext("This type is not in the catalogue.")}{" "}
        <code>{asset.type}</code>
      </p>
      {wrong.length > 0 && <FindingList findings={wrong} here />}
      <Properties id={id} asset={asset} type={type} />
      {type && Object.keys(type.ports).length > 0 && (
        <section>
          <h2>{gettext("Links")}</h2>
          <ul className="rows">
            {own.map(([key, link]) => (
              <LinkRow key={key} id={key} link={link} asset={id} />
            ))}
          </ul>
          <Ports id={id} type={type} />
        </section>
      )}
      <Signals id={id} type={type} api={api} />
      {canEdit && (
        <button type="button" className="btn btn-outline-danger" onClick={removeSelected}>
          <Icon name="trash" />
          {gettext("Remove the asset")}
        </button>
      )}
    </>
  );
}

function OneLink({ link }: { link: Link }) {
  const name = useNames();
  const canEdit = useComposer((state) => state.canEdit);
  return (
    <>
      <p>
        {name(link.from[0])} <small>{link.from[1]}</small> <Icon name="arrow-right" /> {name(link.to[0])}{" "}
        <small>{link.to[1]}</small>
      </p>
      {canEdit && (
        <button type="button" className="btn btn-outline-danger" onClick={useComposer.getState().removeSelected}>
          <Icon name="trash" />
          {gettext("Remove the link")}
        </button>
      )}
    </>
  );
}

function WholeTwin() {
  const name = useComposer((state) => state.document.name);
  const assets = useComposer((state) => Object.keys(state.document.assets).length);
  const links = useComposer((state) => Object.keys(state.document.links).length);
  const bindings = useComposer((state) => Object.keys(state.document.bindings).length);
  const canEdit = useComposer((state) => state.canEdit);
  return (
    <>
      <TextField
        label={gettext("Name of the twin")}
        value={name}
        disabled={!canEdit}
        required
        save={(text) => {
          useComposer.getState().perform([{ op: "rename_twin", name: text }]);
        }}
      />
      <dl className="facts">
        <dt>{gettext("Assets")}</dt>
        <dd>{assets}</dd>
        <dt>{gettext("Links")}</dt>
        <dd>{links}</dd>
        <dt>{gettext("Signals read")}</dt>
        <dd>{bindings}</dd>
      </dl>
      <p className="composer-hint">{gettext("Select an asset to see and edit what it is.")}</p>
    </>
  );
}

function Several({ count }: { count: number }) {
  const canEdit = useComposer((state) => state.canEdit);
  return (
    <>
      <p>{ngettext("{count} thing is selected.", "{count} things are selected.", count)}</p>
      {canEdit && (
        <button type="button" className="btn btn-outline-danger" onClick={useComposer.getState().removeSelected}>
          <Icon name="trash" />
          {gettext("Remove them")}
        </button>
      )}
    </>
  );
}

/** What is selected, to be seen and edited; the twin itself when nothing is. */
export function Inspector({ api }: { api: string }) {
  // One string, so that moving a selected asset about does not draw the panel anew.
  const chosen = useComposer((state) =>
    [
      ...state.nodes.filter((node) => node.selected).map((node) => `assets/${node.id}`),
      ...state.edges.filter((edge) => edge.selected).map((edge) => `links/${edge.id}`),
    ].join(" "),
  );
  const { assets, links } = useComposer((state) => state.document);
  const places = chosen.split(" ").filter(Boolean);
  if (places.length > 1) return <Several count={places.length} />;
  const [section, id = ""] = places[0]?.split("/") ?? [];
  const asset = section === "assets" && assets[id];
  if (asset) return <OneAsset key={id} id={id} asset={asset} api={api} />;
  const link = section === "links" && links[id];
  return link ? <OneLink link={link} /> : <WholeTwin />;
}
