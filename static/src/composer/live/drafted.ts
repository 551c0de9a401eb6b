/** Values of what is bound and not published yet, so that a binding is seen to work before it holds. */
import { call, RefusedError, UnreachableError } from "../../common/api.ts";
import type { Binding, TwinDocument } from "../model/document.ts";
import type { LiveValues, Message, Reading } from "./values.ts";

/** How often they are asked for, in milliseconds. */
const PACE = 2000;
/** The server takes no more at once. */
const MOST = 500;
const GOOD = 0;

interface Place extends Binding {
  asset: string;
  type: string;
  signal: string;
}

interface Newest {
  asset: string;
  signal: string;
  at: string;
  value: number;
}

/** The bindings of assets in sight that have no reading by what is published. */
export function missing({ assets, bindings }: TwinDocument, values: LiveValues): Place[] {
  const inSight = values.inSight();
  const places = Object.entries(bindings).flatMap(([place, binding]): Place[] => {
    const [id = "", signal = ""] = place.split("/");
    const asset = assets[id];
    if (!asset || !inSight.has(id) || !values.isMissing(id, signal)) return [];
    return [{ ...binding, asset: id, type: asset.type, signal }];
  });
  return places.slice(0, MOST);
}

/** As the websocket of a twin sends them. */
export function asSent(newest: readonly Newest[]): NonNullable<Message["values"]> {
  const found: Record<string, Record<string, Reading>> = {};
  for (const { asset, signal, at, value } of newest) (found[asset] ??= {})[signal] = [at, value, GOOD];
  return found;
}

/** Asks for them as long as the page is looked at. The answer ends it. */
export function followDraft(api: string, values: LiveValues, draft: () => TwinDocument): () => void {
  let isOver = false;
  let isAsking = false;
  const ask = async (): Promise<void> => {
    const bindings = missing(draft(), values);
    const { values: newest } = bindings.length
      ? await call<{ values: Newest[] }>(`${api}/gateway-keys/newest/`, { bindings })
      : { values: [] };
    if (!isOver) values.takeDrafted(asSent(newest));
  };
  const fail = (error: unknown): void => {
    if (error instanceof RefusedError && error.status === 403)
      clearInterval(clock); // not for this person to see
    else if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
  };
  const clock = setInterval(() => {
    if (isAsking || document.hidden) return;
    isAsking = true;
    void ask()
      .catch(fail)
      .finally(() => {
        isAsking = false;
      });
  }, PACE);
  return () => {
    isOver = true;
    clearInterval(clock);
  };
}
