import { beforeEach, describe, expect, it } from "vitest";
import type { Operation } from "../model/document.ts";
import { NOTHING_NEW, World } from "./world.sample.ts";

const rename = (name: string): Operation => ({ op: "rename", asset: "a", name });
const move = (x: number): Operation => ({ op: "move", asset: "b", at: [x, 0] });
const wrong = { code: "x", place: "p", message: "m", fix: "f" };
let world: World;
beforeEach(() => {
  world = new World();
});

describe("findings", () => {
  it("are told by what differs from those that the batch was made with", async () => {
    world.answers.push((batch) => {
      const found = { ...NOTHING_NEW, findings_at: { p: [wrong] }, findings_mark: "one" };
      return { ...world.answer(batch), ...found };
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect([world.autosave.base.findings, world.autosave.base.findings_mark]).toEqual([[wrong], "one"]);
    world.autosave.add([move(20)]);
    world.answers.push((batch) => ({ ...world.answer(batch), findings_since: "one", findings_mark: "one" }));
    await world.tick();
    expect(world.sent[1]?.mark).toBe("one");
    expect(world.autosave.base.findings).toEqual([wrong]);
  });

  it("of a draft that was opened without them are learned afterwards", async () => {
    world.autosave.base = { ...world.saved, findings_mark: "" };
    world.found = [{ findings: [wrong], findings_at: null, findings_since: null, findings_mark: "one" }];
    world.autosave.add([rename("P-1")]);
    await world.autosave.catchUp();
    expect([world.autosave.base.findings, world.autosave.base.findings_mark]).toEqual([[wrong], "one"]);
    expect(world.merged.map((document) => document.assets.a?.name)).toEqual(["P-1"]);
    await world.tick();
    expect(world.sent[0]?.mark).toBe("one");
  });

  it("that do not lead on from those known are loaded with the draft", async () => {
    world.answers.push((batch) => ({ ...world.answer(batch), findings_since: "other" }));
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.base).toBe(world.saved);
    expect(world.autosave.state).toEqual({ kind: "saved" });
  });

  it("are heard of one after the other, and stay where too little was told", () => {
    const [first, second, third] = world.commit([move(20), move(40), move(60)], "ada");
    world.autosave.hear(8, first ? [first] : [], { ...NOTHING_NEW, findings_at: { p: [wrong] }, findings_mark: "one" });
    world.autosave.hear(9, second ? [second] : [], { ...NOTHING_NEW, findings_since: "one", findings_mark: "two" });
    expect([world.autosave.base.findings, world.autosave.base.findings_mark]).toEqual([[wrong], "two"]);
    world.autosave.hear(10, third ? [third] : [], { ...NOTHING_NEW, findings_at: null, findings_mark: "three" });
    expect(world.autosave.base.revision).toBe(10);
    expect([world.autosave.base.findings, world.autosave.base.findings_mark]).toEqual([[wrong], "two"]);
  });
});
