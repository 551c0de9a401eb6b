/** Where the parts of a type are from: the types that it inherits them of. */
import { useEffect, useState } from "react";
import { call, RefusedError, UnreachableError } from "../../common/api.ts";

/** By place in the type, such as `properties/rated_flow`: the reference of the type that says it. */
export type Origins = Record<string, string>;

const NONE: Origins = {};
const asked = new Map<string, Promise<Origins>>();

async function load(url: string): Promise<Origins> {
  try {
    return (await call<{ origins?: Origins }>(url)).origins ?? NONE;
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
    // Details without this word are better than none; the next visit asks again.
    asked.delete(url);
    return NONE;
  }
}

/** Where the parts of a published type are from, as soon as that is known. */
export function useOrigins(api: string, ref: string | undefined): Origins {
  const url = ref ? `${api}/asset-types/${encodeURIComponent(ref)}/resolved/` : "";
  const [known, setKnown] = useState<{ url: string; origins: Origins }>({ url: "", origins: NONE });
  useEffect(() => {
    let wanted = url !== "";
    if (wanted) {
      const answer = asked.get(url) ?? load(url);
      asked.set(url, answer);
      void answer.then((origins) => {
        if (wanted) setKnown({ url, origins });
      });
    }
    return () => {
      wanted = false;
    };
  }, [url]);
  return known.url === url ? known.origins : NONE;
}
