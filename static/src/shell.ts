/** Entry point of every page: the look, htmx, and the small components of the frame. */
import "@fontsource-variable/ibm-plex-sans/wght.css";
import "@tabler/core/dist/css/tabler.min.css";
import "@tabler/core/dist/js/tabler.esm.min.js";
import "./shell/tokens.css";
import "./shell/shell.css";
import "./shell/search.css";
import "./shell/rail.css";
import "./shell/marks.css";
import "./shell/tables.css";
import "./shell/forms.css";
import "./shell/said.css";
import "./shell/figures.css";
import "./shell/palette.css";
import "./shell/admin.css";
import "./shell/analytics.css";
import "./shell/timeline.css";
import "./shell/sharing.css";
import "./shell/gallery.css";
import "./shell/catalogue.css";
import "./shell/gateways.css";
import "./shell/alarms.css";
import "./shell/account.css";
import "./shell/lifecycle.css";
import "./shell/banners.css";
import "./shell/connections.css";
import "./shell/contracts.css";
import "./shell/prices.css";
import "./shell/suppliers.css";
import "./shell/htmx.ts";
import { startAccount } from "./shell/account.ts";
import { CopyText } from "./shell/copy.ts";
import { CommandPalette } from "./shell/palette.ts";
import { DataLength } from "./shell/lengths.ts";
import { ConnectionState, JobProgress, RailToggle, ThemeSwitch } from "./shell/frame.ts";
import { RegisterMap } from "./shell/registers.ts";
import { LiveAge, ViewerTime } from "./shell/times.ts";

customElements.define("theme-switch", ThemeSwitch);
customElements.define("rail-toggle", RailToggle);
customElements.define("connection-state", ConnectionState);
customElements.define("job-progress", JobProgress);
customElements.define("live-age", LiveAge);
customElements.define("viewer-time", ViewerTime);
customElements.define("command-palette", CommandPalette);
customElements.define("data-length", DataLength);
customElements.define("copy-text", CopyText);
customElements.define("register-map", RegisterMap);

startAccount();

// After a form came back with errors, the reader starts at their summary.
document.querySelector<HTMLElement>(".form-summary")?.focus();

// On a phone the pages of the administration scroll sideways; the one that is open is in view, and the page stays.
const open = document.querySelector<HTMLElement>(".admin-nav [aria-current]");
const row = open?.closest<HTMLElement>(".admin-nav");
if (open && row) {
  const [place, frame] = [open.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollBy(place.left - frame.left - (frame.width - place.width) / 2, place.bottom - frame.bottom);
}
