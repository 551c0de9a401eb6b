import { describe, expect, it } from "vitest";
import type { Finding } from "./document.ts";
import { assetOfFinding, find, findingsByAsset } from "./find.ts";
import { station } from "./sample.ts";
import { inWords } from "./words.ts";

const at = (place: string): Finding => ({ code: "twin.x", place, message: "m", fix: "f" });
const findings = [at("assets/c/properties/rated_flow"), at("links/ab"), at("name")];

describe("find", () => {
  it.each<[string, string[]]>([
    ["", []],
    ["  ", []],
    ["p-10", ["a", "c"]],
    ["tank", ["b"]],
    ["pump 120", ["a"]],
    ["rated_flow=120", ["a"]],
    ["is:invalid", ["a", "c"]],
    ["is:invalid p-102", ["c"]],
    ["is:unlinked", ["c"]],
    ["nothing", []],
  ])("%j finds %j", (query, ids) => {
    expect(find(station, findings, query)).toEqual(ids);
  });
});

describe("findings", () => {
  it("belong to an asset, a link's to the one it starts from", () => {
    expect(findings.map((finding) => assetOfFinding(finding, station))).toEqual(["c", "a", ""]);
    expect(assetOfFinding(at("bindings/a/flow"), station)).toBe("a");
    expect(assetOfFinding(at("assets/gone/name"), station)).toBe("");
    expect([...findingsByAsset(findings, station)].map(([id, list]) => [id, list.length])).toEqual([
      ["c", 1],
      ["a", 1],
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
