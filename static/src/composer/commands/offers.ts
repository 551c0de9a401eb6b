/** What the composer adds to the palette that opens with Ctrl-K: its commands, and the assets that are called so. */
import { gettext } from "../../common/gettext.ts";
import type { Command } from "./keys.ts";
import { reachable } from "../panels.ts";
import { useComposer } from "../store.ts";
import type { Offer, PaletteAsked } from "../../shell/palette.ts";

/** How many assets are offered at most. */
const MOST = 12;

function commandOffers(commands: readonly Command[]): Offer[] {
  return commands.flatMap(({ words, keys, run, when }) =>
    run && when() ? [{ label: words, kind: keys || gettext("Canvas"), run }] : [],
  );
}

function assetOffers(wanted: string): Offer[] {
  const words = wanted.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const offers: Offer[] = [];
  for (const [id, { name, type }] of Object.entries(useComposer.getState().document.assets)) {
    const text = name.toLocaleLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    offers.push({
      label: name,
      note: type,
      kind: gettext("Asset"),
      run: () => {
        reachable.jump(id);
      },
    });
    if (offers.length === MOST) break;
  }
  return offers;
}

/** Offers commands and assets whenever the palette asks. The answer ends it. */
export function offerCommands(commands: readonly Command[]): () => void {
  const answer = (event: CustomEvent<PaletteAsked>): void => {
    const { wanted, offers } = event.detail;
    offers.push(...commandOffers(commands), ...assetOffers(wanted));
  };
  document.addEventListener("palette-asked", answer);
  return () => {
    document.removeEventListener("palette-asked", answer);
  };
}
