/** What a dashboard can show: the twin's assets and their signals, and where their readings come from. */
import type { Document, Widget, WidgetSignal } from "./document.ts";
import type { TileSignal } from "../tiles/tile.ts";

/** What the page's template says (`dashboard_config`). */
export interface Configuration {
  id: string;
  twin: string;
  name: string;
  revision: number;
  document: Document;
  api: string;
  websocket?: string;
  /** For an end customer: the view they look through. */
  view?: { id: string; start: string; end: string | null };
  can_edit: boolean;
  /** Where the alarms are, for those who may see them. */
  alarms?: string | null;
  assets: { id: string; name: string; type: string; lineage: string[]; keys: string[] | null }[];
  signals: Record<
    string,
    { key: string; name: string; unit: string; range: [string, string] | null; patience: number | null }[]
  >;
}

export class Known {
  readonly settings: Configuration;
  /** The asset that the viewer chose. */
  chosen: string;

  constructor(settings: Configuration, chosen: string) {
    this.settings = settings;
    this.chosen = this.choosable(settings.document).some(({ id }) => id === chosen)
      ? chosen
      : (this.choosable(settings.document)[0]?.id ?? "");
  }

  /** The assets of a dashboard's type. */
  choosable({ asset_type }: Document): Configuration["assets"] {
    return asset_type ? this.settings.assets.filter(({ lineage }) => lineage.includes(asset_type)) : [];
  }

  /** The signals of a widget that there are. */
  signalsOf({ signals = [] }: Widget): TileSignal[] {
    return signals.map((one) => this.signal(one)).filter((one) => one !== null);
  }

  private signal({ asset = this.chosen, key }: WidgetSignal): TileSignal | null {
    const of = this.settings.assets.find(({ id }) => id === asset);
    const signal = of && this.settings.signals[of.type]?.find((each) => each.key === key);
    if (!signal || (of.keys && !of.keys.includes(key))) return null;
    return { ...signal, patience: signal.patience ?? undefined, place: `${asset}/${key}`, asset: of.name };
  }

  /** Where histories are asked for. */
  get source(): string {
    const { api, view } = this.settings;
    return view ? `${api}/shared-views/${view.id}` : api;
  }
}
