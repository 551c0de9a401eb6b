/** Entry point of a dashboard: looked at, on a wall, and arranged. */
import "./dashboards/dashboards.css";
import "./tiles/tiles.css";
import "./history/history.css";
import { configuration } from "./common/dom.ts";
import { DashboardPage } from "./dashboards/page.ts";
import type { Configuration } from "./dashboards/known.ts";

const place = document.getElementById("dashboard");
if (place) new DashboardPage(place, configuration("dashboard_config") as Configuration).start();
