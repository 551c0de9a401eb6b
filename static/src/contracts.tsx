/** Entry point of the editor of contracts. */
import "./common/place.css";
import "./catalogue/bar.css";
import "./catalogue/fields.css";
import "./contracts/contracts.css";
import { createRoot } from "react-dom/client";
import { configuration } from "./common/dom.ts";
import { showNotLoaded } from "./common/loading.ts";
import { Editor } from "./contracts/Editor.tsx";
import { start, type Configuration } from "./contracts/session.ts";

async function run(place: HTMLElement): Promise<void> {
  const settings = configuration("contract_config") as Configuration;
  try {
    const session = await start(settings);
    createRoot(place).render(<Editor session={session} />);
  } catch (error) {
    showNotLoaded(place, error, () => void run(place));
  }
}

const place = document.getElementById("contract-editor");
if (place) void run(place);
