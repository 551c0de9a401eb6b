import { gettext } from "../common/gettext.ts";
import { inLanguage, type AssetType, type PropertyType } from "./catalogue.ts";
import { Choice } from "./Choice.tsx";
import type { Asset, Value } from "./document.ts";
import { useComposer } from "./store.ts";
import { TextField } from "./TextField.tsx";
import { valueOf, wrongWith } from "./values.ts";
import { symbol } from "../common/units.ts";

const language = document.documentElement.lang;

interface Options {
  label: string;
  type: PropertyType;
  value: Value | undefined;
  save: (value: Value | null) => void;
}

/** What a property can be, where it is not any text or number. */
function choicesOf(type: PropertyType): [string, string][] {
  if (type.type === "boolean")
    return [
      ["true", gettext("yes")],
      ["false", gettext("no")],
    ];
  return (type.choices ?? []).map((choice) => [choice, choice]);
}

function Property({ label, type, value, save }: Options) {
  const canEdit = useComposer((state) => state.canEdit);
  const choices = choicesOf(type);
  if (choices.length > 0)
    return (
      <Choice
        label={label}
        value={String(value ?? "")}
        choices={choices}
        choose={(text) => {
          save(valueOf(text, type));
        }}
        optional
        disabled={!canEdit}
      />
    );
  return (
    <TextField
      label={label}
      value={String(value ?? "")}
      unit={type.unit && symbol(type.unit)}
      disabled={!canEdit}
      help={type.required ? gettext("Needed before publishing.") : ""}
      check={(text) => wrongWith(text, type)}
      save={(text) => {
        save(valueOf(text, type));
      }}
    />
  );
}

/** The properties that the type has, then those that only the asset has. */
export function Properties({ id, asset, type }: { id: string; asset: Asset; type: AssetType | undefined }) {
  const known = Object.entries(type?.properties ?? {});
  const others = Object.keys(asset.properties)
    .filter((key) => !type?.properties?.[key])
    .map((key): [string, PropertyType] => [key, { type: "text" }]);
  const all = [...known, ...others];
  if (all.length === 0) return null;
  return (
    <section>
      <h2>{gettext("Properties")}</h2>
      {all.map(([key, definition]) => (
        <Property
          key={key}
          label={inLanguage(definition.name, language) || key.replaceAll("_", " ")}
          type={definition}
          value={asset.properties[key]}
          save={(value) => {
            if (value !== null || asset.properties[key] !== undefined)
              useComposer.getState().perform([{ op: "set_property", asset: id, property: key, value }]);
          }}
        />
      ))}
    </section>
  );
}
