/** Entry point of every page: the look, htmx, and the small components of the frame. */
import "@fontsource-variable/ibm-plex-sans/wght.css";
import "@tabler/core/dist/css/tabler.min.css";
import "@tabler/core/dist/js/tabler.esm.min.js";
import "./shell/tokens.css";
import "./shell/shell.css";
import "./shell/parts.css";
import "./shell/analytics.css";
import "./shell/timeline.css";
import "./shell/htmx.ts";
import { CommandPalette } from "./shell/palette.ts";
import { ConnectionState, JobProgress, RailToggle, ThemeSwitch } from "./shell/frame.ts";
import { LiveAge, ViewerTime } from "./shell/times.ts";

customElements.define("theme-switch", ThemeSwitch);
customElements.define("rail-toggle", RailToggle);
customElements.define("connection-state", ConnectionState);
customElements.define("job-progress", JobProgress);
customElements.define("live-age", LiveAge);
customElements.define("viewer-time", ViewerTime);
customElements.define("command-palette", CommandPalette);

// After a form came back with errors, the reader starts at their summary.
document.querySelector<HTMLElement>(".form-summary")?.focus();
