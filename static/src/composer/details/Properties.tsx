import { gettext } from "../../common/gettext.ts";
import { inLanguage, reference, type AssetType, type PropertyType } from "../model/catalogue.ts";
import type { Asset } from "../model/document.ts";
import { useOrigins } from "../model/origins.ts";
import { PropertyField } from "./PropertyField.tsx";
import { Section } from "./Section.tsx";
import { useComposer } from "../store.ts";

const language = document.documentElement.lang;

/** The type that a property is inherited from, in words; empty when it is the type's own. */
function useInherited(api: string, type: AssetType | undefined): (key: string) => string {
  const types = useComposer((state) => state.types);
  const ref = type && reference(type);
  const origins = useOrigins(api, ref);
  return (key) => {
    const origin = origins[`properties/${key}`];
    if (!origin || origin === ref) return "";
    return gettext("Inherited from {type}.", { type: inLanguage(types.get(origin)?.name, language) || origin });
  };
}

interface Options {
  id: string;
  asset: Asset;
  type: AssetType | undefined;
  api: string;
}

/** The properties that the type has, then those that only the asset has. */
export function Properties({ id, asset, type, api }: Options) {
  const canEdit = useComposer((state) => state.canEdit);
  const inherited = useInherited(api, type);
  const known = Object.entries(type?.properties ?? {});
  const others = Object.keys(asset.properties)
    .filter((key) => !type?.properties?.[key])
    .map((key): [string, PropertyType] => [key, { type: "text" }]);
  const all = [...known, ...others];
  if (all.length === 0) return null;
  return (
    <Section id="properties" title={gettext("Properties")} count={all.length}>
      {all.map(([key, definition]) => (
        <PropertyField
          key={key}
          label={inLanguage(definition.name, language) || key.replaceAll("_", " ")}
          type={definition}
          value={asset.properties[key]}
          disabled={!canEdit}
          field={`properties/${key}`}
          note={inherited(key) && <span className="field-origin">{inherited(key)}</span>}
          save={(value) => {
            if (value !== null || asset.properties[key] !== undefined)
              useComposer.getState().perform([{ op: "set_property", asset: id, property: key, value }]);
          }}
        />
      ))}
    </Section>
  );
}
