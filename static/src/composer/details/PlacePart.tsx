import { gettext } from "../../common/gettext.ts";
import type { AssetType } from "../model/catalogue.ts";
import { Choice } from "./Choice.tsx";
import type { Asset } from "../model/document.ts";
import { groupChoices, groupingOf, wrongGroupName } from "../model/groupnames.ts";
import { Icon } from "../Icon.tsx";
import { reachable } from "../panels.ts";
import { Section } from "./Section.tsx";
import { useComposer } from "../store.ts";
import { TextField } from "./TextField.tsx";
import { possibleWholes } from "../model/wholes.ts";

const language = document.documentElement.lang;

/** The group of some assets, by its name: one that there is, or a new one. */
export function GroupField({ assets, value, placeholder }: { assets: string[]; value: string; placeholder?: string }) {
  const shown = useComposer((state) => state.document);
  const canEdit = useComposer((state) => state.canEdit);
  return (
    <TextField
      label={gettext("Group")}
      value={value}
      field="group"
      disabled={!canEdit}
      placeholder={placeholder ?? gettext("none")}
      offers={groupChoices(shown, language).map(([, name]) => name)}
      help={gettext("A name that is new makes a group.")}
      check={wrongGroupName}
      save={(name) => {
        useComposer.getState().perform(groupingOf(useComposer.getState().document, assets, name));
      }}
    />
  );
}

/** The asset that this one is a component of. */
function WholeField({ id, asset }: { id: string; asset: Asset }) {
  const shown = useComposer((state) => state.document);
  const types = useComposer((state) => state.types);
  const canEdit = useComposer((state) => state.canEdit);
  const now = asset.part_of?.join("/") ?? "";
  const choices = possibleWholes(shown, types, id, language).map(({ whole, words }): [string, string] => [
    whole.join("/"),
    words,
  ]);
  if (asset.part_of && !choices.some(([place]) => place === now))
    choices.unshift([now, shown.assets[asset.part_of[0]]?.name ?? gettext("an asset that is gone")]);
  if (choices.length === 0) return null;
  return (
    <Choice
      label={gettext("Part of")}
      value={now}
      choices={choices}
      field="part_of"
      optional
      disabled={!canEdit}
      nothing={gettext("nothing")}
      choose={(place) => {
        const [owner, component] = place.split("/");
        const whole = owner && component ? ([owner, component] as [string, string]) : null;
        useComposer.getState().perform([{ op: "attach", asset: id, part_of: whole }]);
      }}
    />
  );
}

/** What is part of this asset. */
function Components({ id }: { id: string }) {
  const assets = useComposer((state) => state.document.assets);
  const parts = Object.entries(assets).filter(([, { part_of }]) => part_of?.[0] === id);
  if (parts.length === 0) return null;
  return (
    <ul className="rows">
      {parts.map(([part, { name, part_of }]) => (
        <li key={part}>
          <Icon name="components" />
          <span>
            <button
              type="button"
              className="finding-jump"
              onClick={() => {
                reachable.jump(part);
              }}
            >
              {name}
            </button>{" "}
            <small>{part_of?.[1].replaceAll("_", " ")}</small>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Where an asset belongs: its group, what it is part of, and what is part of it. */
export function PlacePart({ id, asset, type }: { id: string; asset: Asset; type: AssetType | undefined }) {
  const group = useComposer((state) => (asset.group ? (state.document.groups[asset.group]?.name ?? asset.group) : ""));
  const hasComponents = Object.keys(type?.components ?? {}).length > 0;
  return (
    <Section id="place" title={gettext("Group and components")}>
      <GroupField assets={[id]} value={group} />
      <WholeField id={id} asset={asset} />
      {hasComponents && <Components id={id} />}
    </Section>
  );
}
