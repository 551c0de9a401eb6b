/** A length that is data, such as a bar's part of a month: set by script, for the pages' policy takes no style attribute. */
export class DataLength extends HTMLElement {
  connectedCallback(): void {
    this.style.flexGrow = this.getAttribute("grow") ?? "";
    this.style.insetInlineStart = this.getAttribute("start") ?? "";
  }
}
