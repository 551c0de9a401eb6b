import { describe, expect, it } from "vitest";
import { pause } from "./retry.ts";
import { gettext, ngettext } from "./gettext.ts";
import { ageInWords } from "./times.ts";
import { symbol } from "./units.ts";
import { uuid7 } from "./uuid7.ts";

describe("uuid7", () => {
  it("is the example of RFC 9562, A.6", () => {
    const random = Uint8Array.from([0, 0, 0, 0, 0, 0, 0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(uuid7(0x017f22e279b0, random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });

  it("sorts by time", () => {
    expect(uuid7(1000) < uuid7(2000)).toBe(true);
  });
});

describe("ageInWords", () => {
  const now = Date.UTC(2026, 2, 1, 12);
  it.each([
    [0, "now"],
    [1, "1 s ago"],
    [12, "12 s ago"],
    [59, "59 s ago"],
    [60, "1 min ago"],
    [3599, "59 min ago"],
    [7200, "2 h ago"],
    [172_799, "47 h ago"],
    [172_800, "2 days ago"],
    [-30, "in 30 s"],
  ])("%i seconds before is %s", (seconds, words) => {
    expect(ageInWords(now - seconds * 1000, now)).toBe(words);
  });
});

describe("pause", () => {
  it("doubles up to half a minute", () => {
    expect([0, 1, 2, 3, 5, 6, 40].map((failures) => pause(failures, () => 1))).toEqual([
      1000, 1000, 2000, 4000, 16_000, 30_000, 30_000,
    ]);
    expect(pause(1, () => 0)).toBe(500);
  });
});

describe("gettext", () => {
  it("fills in values and leaves unknown places alone", () => {
    expect(gettext("{name} has {what}", { name: "P-101" })).toBe("P-101 has {what}");
    expect(gettext("The first {most} of {count}", { most: 300, count: 1100 })).toBe("The first 300 of 1,100");
  });

  it("takes the singular for one only", () => {
    expect([0, 1, 2].map((count) => ngettext("{count} change", "{count} changes", count))).toEqual([
      "0 changes",
      "1 change",
      "2 changes",
    ]);
  });
});

describe("symbol", () => {
  it.each([
    ["[degR]", "°R"],
    ["{rpm}", "rpm"],
    ["m3/h", "m³/h"],
    ["[lbf_av]", "lbf"],
    ["[psi]", "psi"],
    ["kW.h", "kW·h"],
    ["1", ""],
    ["%", "%"],
  ])("of %s is %j", (code, words) => {
    expect(symbol(code)).toBe(words);
  });
});
