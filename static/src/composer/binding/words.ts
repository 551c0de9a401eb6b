/** Signals and assets in the words of the page. */
import { ageInWords } from "../../common/times.ts";
import { inLanguage, type SignalType, type Types } from "../model/catalogue.ts";
import type { TwinDocument } from "../model/document.ts";

const language = typeof document === "undefined" ? "en" : document.documentElement.lang;

/** What people call a signal. */
export function signalInWords(key: string, signal: SignalType | undefined): string {
  return inLanguage(signal?.name, language) || key.replaceAll("_", " ");
}

/** The asset and the signal of `ASSET/SIGNAL` in words. */
export function placeInWords(place: string, shown: TwinDocument, types: Types): { asset: string; signal: string } {
  const [id = "", key = ""] = place.split("/");
  const asset = shown.assets[id];
  return {
    asset: asset?.name ?? id,
    signal: signalInWords(key, types.get(asset?.type ?? "")?.signals[key]),
  };
}

/** How long ago an instant was. */
export function agoInWords(at: string): string {
  return ageInWords(Date.parse(at), Date.now());
}
