import { describe, expect, it } from "vitest";
import type { Finding } from "../model/document.ts";
import { learned, type Known } from "./findings.ts";

const found = (place: string, message = "m"): Finding => ({ code: "x", place, message, fix: "f" });
const known: Known = { findings: [found("a"), found("b"), found("b", "n"), found("c")], findings_mark: "one" };
const told = { findings: null, findings_at: null, findings_since: null, findings_mark: "two" };

describe("findings", () => {
  it("are all of those that were told", () => {
    const all = { ...told, findings: [found("z")] };
    expect(learned(known, all)).toEqual({ findings: [found("z")], findings_mark: "two" });
  });

  it("change only at the places that were told, and stay in their order", () => {
    const some = { ...told, findings_since: "one", findings_at: { b: [found("b", "new")], c: [], d: [found("d")] } };
    expect(learned(known, some)).toEqual({
      findings: [found("a"), found("b", "new"), found("d")],
      findings_mark: "two",
    });
  });

  it("stay the same ones when nothing differs", () => {
    const same = { ...told, findings_since: "one", findings_at: {}, findings_mark: "one" };
    expect(learned(known, same)?.findings).toBe(known.findings);
  });

  it("cannot be learned from what leads on from others, nor from a mark alone", () => {
    expect(learned(known, { ...told, findings_since: "other", findings_at: {} })).toBeNull();
    expect(learned(known, told)).toBeNull();
  });
});
