import { Suspense } from "react";
import { countText, gettext } from "../../common/gettext.ts";
import { later } from "../../common/later.ts";
import type { Asset, Group, Note } from "../model/document.ts";
import { findingsByAsset } from "../finding/find.ts";
import { FindingList } from "../finding/Findings.tsx";
import { Icon } from "../Icon.tsx";
import { KindField, LinksPart, useNames } from "./LinksPart.tsx";
import { WatchButton } from "../live/WatchButton.tsx";
import { reachable } from "../panels.ts";
import { PlacePart } from "./PlacePart.tsx";
import { Properties } from "./Properties.tsx";
import { Section } from "./Section.tsx";
import { assetsAmong, groupOf, noteOf } from "../canvas/selection.ts";
import { Signals, SignalsOfMany, SignalsOfTwin } from "./Signals.tsx";
import { useComposer } from "../store.ts";
import { TextField } from "./TextField.tsx";
import { TypePart } from "./TypePart.tsx";

const Bulk = later(() => import("./Bulk.tsx").then((part) => part.Bulk));

function Remove({ words }: { words: string }) {
  const canEdit = useComposer((state) => state.canEdit);
  if (!canEdit) return null;
  return (
    <button type="button" className="btn btn-outline-danger" onClick={useComposer.getState().removeSelected}>
      <Icon name="trash" />
      {words}
    </button>
  );
}

function OneAsset({ id, asset, api }: { id: string; asset: Asset; api: string }) {
  const shown = useComposer((state) => state.document);
  const type = useComposer((state) => state.types.get(asset.type));
  const findings = useComposer((state) => state.findings);
  const canEdit = useComposer((state) => state.canEdit);
  const wrong = findingsByAsset(findings, shown).get(id) ?? [];
  return (
    <>
      <TextField
        label={gettext("Name")}
        value={asset.name}
        field="name"
        disabled={!canEdit}
        required
        save={(name) => {
          useComposer.getState().perform([{ op: "rename", asset: id, name }]);
        }}
      />
      <TypePart id={id} asset={asset} type={type} api={api} />
      <WatchButton asset={id} />
      {wrong.length > 0 && (
        <Section id="findings" title={gettext("Findings")} count={wrong.length}>
          <FindingList findings={wrong} here />
        </Section>
      )}
      <Properties id={id} asset={asset} type={type} api={api} />
      <PlacePart id={id} asset={asset} type={type} />
      {type && <LinksPart id={id} type={type} />}
      <div data-field="signals">
        <Signals id={id} type={type} api={api} />
      </div>
      <Remove words={gettext("Remove the asset")} />
    </>
  );
}

function OneLink({ id }: { id: string }) {
  const name = useNames();
  const link = useComposer((state) => state.document.links[id]);
  if (!link) return null;
  return (
    <>
      <p>
        {name(link.from[0])} <small>{link.from[1].replaceAll("_", " ")}</small> <Icon name="arrow-right" />{" "}
        {name(link.to[0])} <small>{link.to[1].replaceAll("_", " ")}</small>
      </p>
      <KindField id={id} link={link} />
      <Remove words={gettext("Remove the link")} />
    </>
  );
}

function OneGroup({ id, group }: { id: string; group: Group }) {
  const assets = useComposer((state) => state.document.assets);
  const canEdit = useComposer((state) => state.canEdit);
  const members = Object.entries(assets).filter(([, asset]) => asset.group === id);
  const { perform } = useComposer.getState();
  return (
    <>
      <TextField
        label={gettext("Name of the group")}
        value={group.name}
        disabled={!canEdit}
        required
        save={(name) => {
          perform([{ op: "rename_group", group: id, name }]);
        }}
      />
      {canEdit && (
        <label className="form-check panel-tick">
          <input
            type="checkbox"
            className="form-check-input"
            checked={group.collapsed ?? false}
            onChange={(event) => {
              perform([{ op: "collapse", group: id, collapsed: event.target.checked }]);
            }}
          />{" "}
          {gettext("Draw it as one box")}
        </label>
      )}
      <Section id="members" title={gettext("Assets of the group")} count={members.length}>
        <ul className="rows">
          {members.slice(0, 200).map(([member, { name }]) => (
            <li key={member}>
              <button
                type="button"
                className="finding-jump"
                onClick={() => {
                  reachable.jump(member);
                }}
              >
                {name}
              </button>
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
}

function OneNote({ id, note }: { id: string; note: Note }) {
  const canEdit = useComposer((state) => state.canEdit);
  return (
    <>
      <TextField
        label={note.image ? gettext("What the image shows") : gettext("Text of the note")}
        value={note.text ?? ""}
        disabled={!canEdit}
        isLong
        save={(text) => {
          useComposer.getState().perform([{ op: "edit_note", note: id, text }]);
        }}
      />
      <Remove words={gettext("Remove the note")} />
    </>
  );
}

function WholeTwin({ api }: { api: string }) {
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
        <dd>{countText(assets)}</dd>
        <dt>{gettext("Links")}</dt>
        <dd>{countText(links)}</dd>
        <dt>{gettext("Signals read")}</dt>
        <dd>{countText(bindings)}</dd>
      </dl>
      <p className="composer-hint">{gettext("Select an asset to see and edit what it is.")}</p>
      <SignalsOfTwin api={api} />
    </>
  );
}

/** What is drawn under these ids: assets, groups and notes by theirs, then the links of the lines. */
function One({ place, link, api }: { place: string | undefined; link: string | undefined; api: string }) {
  if (place !== undefined) return <OnePlace place={place} api={api} />;
  return link === undefined ? <WholeTwin api={api} /> : <OneLink key={link} id={link} />;
}

function OnePlace({ place, api }: { place: string; api: string }) {
  const shown = useComposer((state) => state.document);
  const asset = shown.assets[place];
  if (asset) return <OneAsset key={place} id={place} asset={asset} api={api} />;
  const [group, note] = [groupOf(place), noteOf(place)];
  if (group !== null && shown.groups[group]) return <OneGroup key={group} id={group} group={shown.groups[group]} />;
  if (note !== null && shown.notes[note]) return <OneNote key={note} id={note} note={shown.notes[note]} />;
  return <WholeTwin api={api} />;
}

/** What is selected, to be seen and edited; the twin itself when nothing is. */
export function Inspector({ api }: { api: string }) {
  // One string, so that moving a selected asset about does not draw the panel anew.
  const nodes = useComposer((state) => state.nodes.flatMap((node) => (node.selected ? [node.id] : [])).join(" "));
  const edges = useComposer((state) =>
    state.edges.flatMap((edge) => (edge.selected ? (edge.data?.links ?? []) : [])).join(" "),
  );
  const shown = useComposer((state) => state.document);
  const [places, links] = [nodes, edges].map((text) => text.split(" ").filter(Boolean)) as [string[], string[]];
  const count = places.length + links.length;
  if (count === 0) return <WholeTwin api={api} />;
  if (count === 1) return <One place={places[0]} link={links[0]} api={api} />;
  return (
    <Suspense>
      <Bulk ids={assetsAmong(shown, places)} api={api} count={count}>
        <SignalsOfMany ids={assetsAmong(shown, places)} api={api} />
      </Bulk>
    </Suspense>
  );
}
