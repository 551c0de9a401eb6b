/** Lays out beside the page, which goes on answering meanwhile. */
import { tidy, type Plan } from "./layout.ts";

addEventListener("message", (event: MessageEvent<Plan>) => {
  postMessage(tidy(event.data));
});
