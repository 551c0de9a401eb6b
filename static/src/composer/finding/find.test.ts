import { describe, expect, it } from "vitest";
import type { Finding } from "../model/document.ts";
import { assetOfFinding, completions, find, findingsByAsset } from "./find.ts";
import { station, types } from "../model/sample.ts";
import { inWords } from "../model/words.ts";

const at = (place: string, severity: "error" | "hint" = "error"): Finding => ({
  code: "twin.x",
  place,
  message: "m",
  fix: "f",
  severity,
});
const findings = [at("assets/c/properties/rated_flow"), at("links/ab"), at("name"), at("assets/b", "hint")];

describe("find", () => {
  it.each<[string, string[]]>([
    ["", []],
    ["  ", []],
    ["-", ["a", "b", "c"]],
    ["p-10", ["a", "c"]],
    ["tank", ["b"]],
    ["pump 120", ["a"]],
    ["rated_flow=120", ["a"]],
    ["is:invalid", ["a", "c"]],
    ["is:invalid p-102", ["c"]],
    ["-is:invalid", ["b"]],
    ["is:unlinked", ["c"]],
    ["is:unused", ["c"]],
    ["is:unbound", ["a", "b", "c"]],
    ["is:outdated", []],
    ["is:nonsense", []],
    ["type:pump", ["a", "c"]],
    ["type:pump@2", ["a", "c"]],
    ["type:Pumpe", ["a", "c"]],
    ["signal:level", ["b"]],
    ["signal:o", ["a", "c"]],
    ["group:duty", ["a"]],
    ['group:"Duty pumps"', ["a"]],
    ["key:ft101", ["a"]],
    ["type:pump -group:duty", ["c"]],
    ["nothing", []],
    ["site:north", []],
  ])("%j finds %j", (query, ids) => {
    expect(find(station, types, findings, query)).toEqual(ids);
  });

  it.each<[string, string[]]>([
    ["i", ["is:"]],
    ["is:un", ["is:unbound ", "is:unlinked ", "is:unused "]],
    ["p-1 type:", ["p-1 type:Pump ", "p-1 type:Tank "]],
    ["-group:d", ['-group:"Duty pumps" ']],
    ['group:"duty pumps"', []],
    ["signal:le", ["signal:level "]],
    ["key:x", []],
    ["pump", []],
  ])("%j may become %j", (query, offers) => {
    expect(completions(station, types, query, "en")).toEqual(offers);
  });
});

describe("findings", () => {
  it("belong to an asset, a link's to the one it starts from", () => {
    expect(findings.map((finding) => assetOfFinding(finding, station))).toEqual(["c", "a", "", "b"]);
    expect(assetOfFinding(at("bindings/a/flow"), station)).toBe("a");
    expect(assetOfFinding(at("assets/gone/name"), station)).toBe("");
    expect([...findingsByAsset(findings, station)].map(([id, list]) => [id, list.length])).toEqual([
      ["c", 1],
      ["a", 1],
      ["b", 1],
    ]);
  });
});

describe("words", () => {
  it("name what is meant", () => {
    expect(inWords({ op: "link", link: "x", from: ["a", "outlet"], to: ["b", "inlet"], kind: "feeds" }, station)).toBe(
      "Link P-101 to T-1",
    );
    expect(inWords({ op: "set_property", asset: "a", property: "rated_flow", value: null }, station)).toBe(
      "Set rated_flow of P-101 to nothing",
    );
    expect(inWords({ op: "move", asset: "gone", at: [0, 0] }, station)).toBe("Move an asset that is gone");
    expect(inWords({ op: "bind", place: "a/flow", gateway: "g", key: "FT1" }, station)).toBe(
      "Read P-101 flow from FT1",
    );
  });
});
