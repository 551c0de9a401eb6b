/** Entry point of the composer: the canvas on which a twin's draft is edited. */
import "@xyflow/react/dist/base.css";
import "./common/place.css";
import "./composer/composer.css";
import { createRoot } from "react-dom/client";
import { configuration } from "./common/dom.ts";
import { showNotLoaded } from "./common/loading.ts";
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
    showNotLoaded(place, error, () => void run(place));
  }
}

const place = document.getElementById("composer");
if (place) void run(place);
