/** What a message of the alarms' channel says in a sentence. */
import { gettext } from "../common/gettext.ts";

export interface ToldAlarm {
  name: string;
  asset_name: string;
  priority: string;
  state: string;
}

export interface Told {
  alarms?: ToldAlarm[];
  more?: number;
}

const MOST_SAID = 3;

/** The alarms of a message that call for somebody, empty when none does. */
export function fresh(told: Told): string {
  const calling = (told.alarms ?? []).filter(({ state }) => state === "unacknowledged");
  if (!calling.length) return "";
  const said = calling
    .slice(0, MOST_SAID)
    .map(({ priority, asset_name, name }) =>
      gettext("{priority}: {asset_name}, {name}", { priority, asset_name, name }),
    );
  const left = calling.length - said.length + (told.more ?? 0);
  return said.join(". ") + (left ? gettext(", and {left} more", { left }) : "");
}
