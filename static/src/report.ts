// Contracts, statements and reports need their looks, and forms whose times are those of the viewer.
import "./report/report.css";
import "./report/simulation.css";
import { offerCheck } from "./report/checking.ts";

// A moment that a form begins with stands on the viewer's clocks too.
const local = (at: Date): string => new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  for (const place of document.querySelectorAll("[data-viewer-zone]"))
    if (place instanceof HTMLInputElement) place.value = zone;
    else place.textContent = zone;
  for (const place of document.querySelectorAll<HTMLInputElement>("input[data-instant]"))
    place.value = local(new Date(place.dataset.instant ?? ""));
}

const place = document.getElementById("self-check");
if (place) offerCheck(place);
