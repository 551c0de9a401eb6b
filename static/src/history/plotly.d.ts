/** What we use of plotly's smallest build, which comes without types. */
declare module "plotly.js-basic-dist-min" {
  interface Drawn extends HTMLElement {
    on(event: "plotly_relayout", heard: (change: Record<string, unknown>) => void): void;
  }
  interface Plotly {
    react(place: HTMLElement, data: object[], layout: object, config: object): Promise<Drawn>;
    toImage(place: HTMLElement, options: { format: "svg"; width: number; height: number }): Promise<string>;
    purge(place: HTMLElement): void;
  }
  const plotly: Plotly;
  export default plotly;
}
