// Files of history are sent in parts, so that one that breaks off is gone on with.
import { gettext } from "./common/gettext.ts";
import { announce } from "./common/dom.ts";
import { sendFile } from "./imports/sending.ts";

class FileUpload extends HTMLElement {
  connectedCallback(): void {
    const form = this.querySelector("form");
    form?.addEventListener("submit", (event) => {
      const file = form.querySelector<HTMLInputElement>("input[type=file]")?.files?.[0];
      const gateway = form.querySelector<HTMLSelectElement>("select")?.value;
      if (!file || !gateway) return; // the server says what is missing
      event.preventDefault();
      void this.send(form, file, gateway);
    });
  }

  private async send(form: HTMLFormElement, file: File, gateway: string): Promise<void> {
    const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", gettext("How much of the file is sent"));
    const words = document.createElement("p");
    words.setAttribute("role", "status");
    form.querySelector("[data-sending]")?.remove();
    const place = document.createElement("div");
    place.dataset.sending = "";
    place.append(bar, words);
    form.append(place);
    if (button) button.disabled = true;
    try {
      const id = await sendFile(this.dataset.api ?? "", file, gateway, Number(this.dataset.part), (share, waiting) => {
        bar.value = share;
        words.textContent = waiting
          ? gettext("The connection is away. Sending goes on by itself when it is back.")
          : gettext("{percent} % are sent.", { percent: Math.floor(share * 100) });
      });
      location.assign(`${this.dataset.here ?? ""}${id}/`);
    } catch (error) {
      words.textContent = error instanceof Error ? error.message : String(error);
      announce(words.textContent);
      bar.remove();
      if (button) button.disabled = false;
    }
  }
}

customElements.define("file-upload", FileUpload);
