import { gettext } from "../../common/gettext.ts";
import type { Effect } from "../../versions/publication.ts";
import { Icon } from "../Icon.tsx";

const ICON: Record<Effect["area"], string> = {
  assets: "box",
  signals: "activity",
  alarms: "bell",
  dashboards: "layout-dashboard",
  views: "eye",
  contracts: "writing",
  limits: "gauge",
};

/** What a publication will do to what runs. */
export function Effects({ effects }: { effects: readonly Effect[] }) {
  if (effects.length === 0) return <p>{gettext("Nothing that runs changes by it.")}</p>;
  return (
    <ul className="effects">
      {effects.map((effect) => (
        <li key={effect.area + effect.message} className={`effect effect-${effect.tone}`}>
          <Icon name={ICON[effect.area]} />
          <div>
            {effect.message}
            {effect.names.length > 0 && (
              <details>
                <summary>{gettext("Which")}</summary>
                {effect.names.join(" · ")}
              </details>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
