// Contracts, statements and reports need their looks, and forms whose times are those of the viewer.
import "./report/report.css";
import "./report/simulation.css";
import { offerCheck } from "./report/checking.ts";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone)
  for (const place of document.querySelectorAll("[data-viewer-zone]"))
    if (place instanceof HTMLInputElement) place.value = zone;
    else place.textContent = zone;

const place = document.getElementById("self-check");
if (place) offerCheck(place);
