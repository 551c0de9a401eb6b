/**
 * `<copy-text>`: a button that copies the text of its `<code>`; without a clipboard it stays hidden.
 *
 * With `data-address` the page goes by that address from now on: whoever loads it again or copies its address is not
 * led back to the form that made it.
 */
export class CopyText extends HTMLElement {
  connectedCallback(): void {
    const { address } = this.dataset;
    if (address) history.replaceState(history.state, "", address);
    const button = this.querySelector("button");
    const text = this.querySelector("code")?.textContent ?? "";
    if (!button || !isSecureContext) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      void navigator.clipboard.writeText(text).then(() => {
        const label = button.querySelector("span");
        if (label) label.textContent = button.dataset.done ?? "";
        const announcer = document.getElementById("announcer");
        if (announcer) announcer.textContent = button.dataset.done ?? "";
      });
    });
  }
}
