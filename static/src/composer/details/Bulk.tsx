import { Suspense, useState, type ReactNode } from "react";
import { announce } from "../../common/dom.ts";
import { gettext, ngettext } from "../../common/gettext.ts";
import { later } from "../../common/later.ts";
import { asTheyLie, byName, commonOf, commonProperties, renamed, renaming, setForAll } from "../model/bulk.ts";
import { inLanguage } from "../model/catalogue.ts";
import type { Asset, Operation } from "../model/document.ts";
import { Icon } from "../Icon.tsx";
import { GroupField } from "./PlacePart.tsx";
import { PropertyField } from "./PropertyField.tsx";
import { Section } from "./Section.tsx";
import { useComposer } from "../store.ts";
import { upgradesOf, type Upgrade } from "../model/upgrading.ts";

const UpgradeDialog = later(() => import("./Upgrade.tsx").then((part) => part.UpgradeDialog));
const language = document.documentElement.lang;
/** How many new names are shown before they are given. */
const PREVIEWED = 50;
/** The highest number to begin with. */
const HIGHEST = 999_999;

function performAll(operations: Operation[]): void {
  useComposer.getState().perform(operations);
  announce(
    ngettext(
      "{count} asset was changed. Undo with Ctrl-Z.",
      "{count} assets were changed. Undo with Ctrl-Z.",
      operations.length,
    ),
  );
}

function Names({ before, after }: { before: string[]; after: string[] }) {
  return (
    <div className="name-preview" tabIndex={0} role="region" aria-label={gettext("New names")}>
      <table>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">{gettext("Now")}</th>
            <th scope="col">{gettext("Then")}</th>
          </tr>
        </thead>
        <tbody>
          {after.slice(0, PREVIEWED).map((name, index) => (
            <tr key={index}>
              <td>{before[index]}</td>
              <td>{name}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** New names by a pattern, shown before they are given. */
function Renaming({ assets }: { assets: string[] }) {
  const shown = useComposer((state) => state.document);
  const [pattern, setPattern] = useState("");
  const [first, setFirst] = useState(1);
  const [isByPlace, setByPlace] = useState(true);
  const ordered = isByPlace ? asTheyLie(shown, assets) : byName(shown, assets, language);
  const before = ordered.map((id) => shown.assets[id]?.name ?? "");
  const after = pattern.trim() ? renamed(before, pattern, first) : [];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        performAll(renaming(shown, ordered, after));
        setPattern("");
      }}
    >
      <div className="bulk-row">
        <label className="form-field">
          <span className="form-label">{gettext("Pattern")}</span>
          <input
            className="form-control"
            maxLength={200}
            placeholder="P-###"
            value={pattern}
            onChange={(event) => {
              setPattern(event.target.value);
            }}
          />
        </label>
        <label className="form-field">
          <span className="form-label">{gettext("From")}</span>
          <input
            type="number"
            className="form-control"
            min={0}
            max={HIGHEST}
            value={first}
            onChange={(event) => {
              setFirst(Math.min(HIGHEST, Math.max(0, Math.trunc(event.target.valueAsNumber || 0))));
            }}
          />
        </label>
      </div>
      <p className="form-note">
        {gettext("# counts up, as many digits as there are signs; {name} is the name that an asset has now.", {
          name: "{name}",
        })}
      </p>
      <label className="form-check panel-tick">
        <input
          type="checkbox"
          className="form-check-input"
          checked={isByPlace}
          onChange={(event) => {
            setByPlace(event.target.checked);
          }}
        />{" "}
        {gettext("Count as they lie on the canvas; else by their names")}
      </label>
      {after.length > 0 && <Names before={before} after={after} />}
      <button type="submit" className="btn" disabled={after.length === 0}>
        {ngettext("Rename {count} asset", "Rename {count} assets", assets.length)}
      </button>
    </form>
  );
}

const MIXED = gettext("several values");

function Common({ ids, assets }: { ids: string[]; assets: Asset[] }) {
  const types = useComposer((state) => state.types);
  const common = commonProperties(assets, types);
  if (common.length === 0) return null;
  return (
    <Section id="bulk-properties" title={gettext("Common properties")} count={common.length}>
      {common.map(({ key, definition, value }) => (
        <PropertyField
          key={key}
          label={inLanguage(definition.name, language) || key.replaceAll("_", " ")}
          type={definition}
          value={value}
          disabled={false}
          {...(value === undefined ? { nothing: MIXED } : {})}
          save={(wanted) => {
            performAll(setForAll(useComposer.getState().document, ids, key, wanted));
          }}
        />
      ))}
    </Section>
  );
}

function Upgrades({ ids, api }: { ids: string[]; api: string }) {
  const [upgrade, setUpgrade] = useState<Upgrade | null>(null);
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const found = upgradesOf(shown, types, ids);
  return (
    <>
      {found.size > 0 && (
        <button
          type="button"
          className="btn"
          onClick={() => {
            setUpgrade(found);
          }}
        >
          <Icon name="arrow-up" />
          {ngettext("Upgrade the type of {count} asset", "Upgrade the types of {count} assets", found.size)}
        </button>
      )}
      <Suspense>
        {upgrade && (
          <UpgradeDialog
            api={api}
            upgrade={upgrade}
            close={() => {
              setUpgrade(null);
            }}
          />
        )}
      </Suspense>
    </>
  );
}

interface Options {
  ids: string[];
  api: string;
  /** How many things are selected, links and notes among them. */
  count: number;
  children?: ReactNode;
}

/** Several assets, edited together: each change is one step to undo. */
export function Bulk({ ids, api, count, children }: Options) {
  const shown = useComposer((state) => state.document);
  const canEdit = useComposer((state) => state.canEdit);
  const assets = ids.flatMap((id) => shown.assets[id] ?? []);
  const group = commonOf(assets.map((asset) => asset.group ?? null));
  return (
    <>
      <p>{ngettext("{count} thing is selected.", "{count} things are selected.", count)}</p>
      {canEdit && assets.length > 0 && (
        <>
          <GroupField
            // A field belongs to the assets that it was drawn for.
            key={ids.join()}
            assets={ids}
            value={group ? (shown.groups[group]?.name ?? group) : ""}
            {...(group === undefined ? { placeholder: MIXED } : {})}
          />
          <Upgrades ids={ids} api={api} />
          <Common key={`${ids.join()} properties`} ids={ids} assets={assets} />
          <Section id="bulk-names" title={gettext("Rename by a pattern")}>
            <Renaming assets={ids} />
          </Section>
        </>
      )}
      {children}
      {canEdit && (
        <button type="button" className="btn btn-outline-danger" onClick={useComposer.getState().removeSelected}>
          <Icon name="trash" />
          {gettext("Remove them")}
        </button>
      )}
    </>
  );
}
