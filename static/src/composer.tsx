/** Entry point of the composer: the canvas on which a twin's draft is edited. */
import "@xyflow/react/dist/base.css";
import "./composer/composer.css";
import { createRoot } from "react-dom/client";
import { RefusedError, UnreachableError } from "./common/api.ts";
import { configuration, icon } from "./common/dom.ts";
import { gettext } from "./common/gettext.ts";
import { Composer } from "./composer/Composer.tsx";
import { gallery } from "./composer/canvas/noting.ts";
import { offerBlueprints } from "./composer/commands/blueprinting.ts";
import { start, type Configuration } from "./composer/session.ts";

async function run(place: HTMLElement): Promise<void> {
  const settings = configuration("composer_config") as Configuration;
  try {
    const session = await start(settings);
    gallery.address = `${settings.api.replace(/\/$/, "")}/canvas-images/`;
    if (settings.can_publish && settings.urls.blueprint) offerBlueprints(settings.urls.blueprint);
    createRoot(place).render(<Composer configuration={settings} session={session} />);
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn btn-primary";
    again.textContent = gettext("Try again");
    again.addEventListener("click", () => void run(place));
    const words = document.createElement("p");
    words.textContent =
      error instanceof RefusedError
        ? error.message
        : gettext("The server could not be reached. What you saved is kept; try again when the connection is back.");
    const box = document.createElement("div");
    box.className = "nothing";
    box.setAttribute("role", "alert");
    const title = document.createElement("h2");
    title.textContent = gettext("The draft could not be loaded");
    box.append(icon("cloud-off"), title, words, again);
    place.replaceChildren(box);
  }
}

const place = document.getElementById("composer");
if (place) void run(place);
