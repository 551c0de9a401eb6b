/** Entry point of the editor of asset types. */
import "./common/place.css";
import "./catalogue/catalogue.css";
import { createRoot } from "react-dom/client";
import { Editor } from "./catalogue/Editor.tsx";
import { start, type Configuration } from "./catalogue/session.ts";
import { configuration } from "./common/dom.ts";
import { showNotLoaded } from "./common/loading.ts";

async function run(place: HTMLElement): Promise<void> {
  const settings = configuration("type_config") as Configuration;
  try {
    const session = await start(settings);
    createRoot(place).render(<Editor session={session} />);
  } catch (error) {
    showNotLoaded(place, error, () => void run(place));
  }
}

const place = document.getElementById("type-editor");
if (place) void run(place);
