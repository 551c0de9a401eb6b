/** Entry point of the history explorer: signals of any assets over any time, drawn finer the closer one looks. */
import "./history/history.css";
import { configuration } from "./common/dom.ts";
import { Explorer, type Configuration } from "./history/explorer.ts";

const place = document.getElementById("history");
if (place) new Explorer(place, configuration("history_config") as Configuration).start();
