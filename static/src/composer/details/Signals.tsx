import { useMemo } from "react";
import { BindingPanel, useWanting } from "../binding/BindingPanel.tsx";
import { ByName } from "../binding/ByName.tsx";
import { gettext } from "../../common/gettext.ts";
import type { AssetType } from "../model/catalogue.ts";
import { Section } from "./Section.tsx";
import { useComposer } from "../store.ts";

/** The signals of an asset with what they read, and what they could be bound to. */
export function Signals({ id, type, api }: { id: string; type: AssetType | undefined; api: string }) {
  const bindings = useComposer((state) => state.document.bindings);
  const canEdit = useComposer((state) => state.canEdit);
  const signals = Object.entries(type?.signals ?? {});
  const open = signals.filter(([signal]) => !bindings[`${id}/${signal}`]);
  return (
    <Section id="signals" title={gettext("Signals")} count={signals.length}>
      {signals.length === 0 && <p className="composer-hint">{gettext("Its type has no signals.")}</p>}
      <BindingPanel ids={[id]} api={api} />
      {canEdit && open.length > 0 && (
        <ByName
          api={api}
          open={open}
          bind={(signal, binding) => {
            useComposer.getState().perform([{ op: "bind", place: `${id}/${signal}`, ...binding }]);
          }}
        />
      )}
    </Section>
  );
}

/** The signals of several assets, bound together. */
export function SignalsOfMany({ ids, api }: { ids: string[]; api: string }) {
  if (ids.length === 0) return null;
  return (
    <Section id="signals" title={gettext("Signals")}>
      <BindingPanel ids={ids} api={api} />
    </Section>
  );
}

/** The signals of all assets, to be bound by suggestions and patterns while there is something to bind. */
export function SignalsOfTwin({ api }: { api: string }) {
  const assets = useComposer((state) => state.document.assets);
  const ids = useMemo(() => Object.keys(assets), [assets]);
  if (!useWanting(ids)) return null;
  return (
    <Section id="twin-signals" title={gettext("Signals")}>
      <BindingPanel ids={ids} api={api} isListed={false} />
    </Section>
  );
}
