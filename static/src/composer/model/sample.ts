/** A small pump station for tests. */
import type { AssetType } from "./catalogue.ts";
import { reference } from "./catalogue.ts";
import type { TwinDocument } from "./document.ts";

const pump: AssetType = {
  key: "pump",
  version: 2,
  name: { en: "Pump", de: "Pumpe" },
  ports: { inlet: { accepts: ["fluid"], max: 1 }, outlet: { accepts: ["fluid"] }, shaft: { accepts: ["torque"] } },
  signals: { flow: { unit: "m3/h" }, head: { unit: "m" }, power: { unit: "kW" } },
  abstract: false,
};
const tank: AssetType = {
  key: "tank",
  version: 1,
  name: "Tank",
  ports: { inlet: { accepts: ["fluid"] }, outlet: { accepts: ["fluid"] } },
  signals: { level: { unit: "m" } },
  abstract: false,
};
const machine: AssetType = { key: "machine", version: 1, name: "Machine", ports: {}, signals: {}, abstract: true };

export const types = new Map([pump, { ...pump, version: 1 }, tank, machine].map((type) => [reference(type), type]));

export const station: TwinDocument = {
  name: "Station North",
  assets: {
    a: { type: "pump@2", name: "P-101", at: [0, 0], properties: { rated_flow: "120" }, group: "duty" },
    b: { type: "tank@1", name: "T-1", at: [400, 0], properties: {} },
    c: { type: "pump@2", name: "P-102", at: [0, 300], properties: {} },
  },
  links: { ab: { from: ["a", "outlet"], to: ["b", "inlet"], kind: "feeds" } },
  bindings: { "a/flow": { gateway: "g", key: "FT101.PV", unit: "m3/h" } },
  groups: { duty: { name: "Duty pumps" } },
  notes: { n: { text: "Valve sticks", at: [0, -80] } },
};
