import { Suspense, useState } from "react";
import { gettext } from "../../common/gettext.ts";
import { later } from "../../common/later.ts";
import { inLanguage, placeable, reference, typeInWords, type AssetType, type Types } from "../model/catalogue.ts";
import { Choice } from "./Choice.tsx";
import type { Asset } from "../model/document.ts";
import { successorOf } from "../finding/fixes.ts";
import { Icon, TypeIcon } from "../Icon.tsx";
import { useComposer } from "../store.ts";
import type { Upgrade } from "../model/upgrading.ts";

const UpgradeDialog = later(() => import("./Upgrade.tsx").then((part) => part.UpgradeDialog));
const language = document.documentElement.lang;

function Deprecated({ type }: { type: AssetType }) {
  if (!type.deprecated) return null;
  return (
    <p className="composer-hint">
      <Icon name="alert-triangle" />{" "}
      {type.deprecated.reason
        ? gettext("Deprecated: {reason}", { reason: type.deprecated.reason })
        : gettext("This type is deprecated.")}
    </p>
  );
}

function UpgradeButton({ asset, choose }: { asset: Asset; choose: (ref: string) => void }) {
  const types = useComposer((state) => state.types);
  const next = successorOf(types, asset.type);
  if (!next) return null;
  const [key, version = ""] = next.split("@");
  return (
    <button
      type="button"
      className="btn btn-sm"
      onClick={() => {
        choose(next);
      }}
    >
      <Icon name="arrow-up" />
      {key === asset.type.split("@")[0]
        ? gettext("Upgrade to @{version}", { version })
        : gettext("Replace by {type}", { type: typeInWords(types.get(next), next, language) })}
    </button>
  );
}

/** The types to choose from, with the asset's own even where it cannot be placed any more. */
function typeChoices(types: Types, ref: string): [string, string][] {
  const choices = placeable(types, language).map((each): [string, string] => [
    reference(each),
    typeInWords(each, reference(each), language),
  ]);
  if (choices.some(([each]) => each === ref)) return choices;
  const own = types.get(ref);
  const words = own ? typeInWords(own, ref, language) : gettext("{type}, not in the catalogue", { type: ref });
  return [[ref, words], ...choices];
}

interface Options {
  id: string;
  asset: Asset;
  type: AssetType | undefined;
  api: string;
}

/** The type of an asset with its version, a newer one offered, and any other to choose; what changes is told before. */
export function TypePart({ id, asset, type, api }: Options) {
  const types = useComposer((state) => state.types);
  const canEdit = useComposer((state) => state.canEdit);
  const [upgrade, setUpgrade] = useState<Upgrade | null>(null);
  return (
    <>
      <div className="type-line">
        <TypeIcon icon={type?.icon} />
        <span>{type ? inLanguage(type.name, language) : gettext("This type is not in the catalogue.")}</span>
        <code>{asset.type}</code>
        {canEdit && (
          <UpgradeButton
            asset={asset}
            choose={(next) => {
              setUpgrade(new Map([[id, next]]));
            }}
          />
        )}
      </div>
      {type && <Deprecated type={type} />}
      {canEdit && (
        <Choice
          label={gettext("Type")}
          value={asset.type}
          choices={typeChoices(types, asset.type)}
          field="type"
          choose={(ref) => {
            if (ref && ref !== asset.type) setUpgrade(new Map([[id, ref]]));
          }}
        />
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
