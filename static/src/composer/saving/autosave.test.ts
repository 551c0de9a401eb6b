import { beforeEach, describe, expect, it } from "vitest";
import { RefusedError, UnreachableError } from "../../common/api.ts";
import type { Answer, Batch } from "./autosave.ts";
import type { Operation } from "../model/document.ts";
import { station } from "../model/sample.ts";
import { NOTHING_NEW, settle, World } from "./world.sample.ts";

const rename = (name: string): Operation => ({ op: "rename", asset: "a", name });
const move = (x: number): Operation => ({ op: "move", asset: "b", at: [x, 0] });
const call = (name: string): Operation => ({ op: "rename_twin", name });
const wrong = { code: "x", place: "p", message: "m", fix: "f" };
let world: World;
beforeEach(() => {
  world = new World();
});
const unreachable = (): Answer => {
  throw new UnreachableError("offline");
};
const refusing = (status: number, code: string) => (): Answer => {
  throw new RefusedError(status, { code, detail: "No." }, 0);
};

describe("saving", () => {
  it("waits a moment, then sends all at once with the revision they were made on", async () => {
    world.autosave.add([rename("P-1")]);
    world.autosave.add([move(20), move(40)]);
    expect(world.timers).toHaveLength(1);
    expect(await world.tick()).toBe(200);
    expect(world.sent).toEqual([{ key: "key-1", revision: 7, mark: "none", operations: [rename("P-1"), move(40)] }]);
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.autosave.base.revision).toBe(9);
    expect(world.autosave.unsaved).toEqual({ revision: 9, batch: null, waiting: [] });
  });

  it("says nothing but unsaved until it is kept where it outlives the page", async () => {
    let keptNow: () => void = () => undefined;
    world.keep = () => new Promise((resolve) => (keptNow = resolve));
    world.autosave.add([rename("P-1")]);
    await settle();
    expect(world.autosave.state).toEqual({ kind: "unsaved" });
    keptNow();
    await settle();
    expect(world.autosave.state).toEqual({ kind: "waiting" });
    expect(world.kept.at(-1)).toEqual({ revision: 7, batch: null, waiting: [rename("P-1")] });
  });

  it("saves to the server all the same where nothing can be kept, and says so", async () => {
    world.keep = () => Promise.reject(new Error("full"));
    world.answers.push(unreachable);
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.state).toEqual({ kind: "retrying", reason: "offline", count: 1, kept: false });
    await world.tick();
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.states).not.toContain("waiting");
  });

  it("keeps nothing any more when all is saved", async () => {
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.kept.at(-1)).toEqual({ revision: 8, batch: null, waiting: [] });
  });

  it("sends what was done meanwhile in a second batch, on the new revision", async () => {
    world.answers.push((batch) => {
      world.autosave.add([move(60)]);
      return world.answer(batch);
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.document.assets.b?.at).toEqual([60, 0]);
    await world.tick();
    expect(world.sent.map((batch) => [batch.key, batch.revision, batch.operations])).toEqual([
      ["key-1", 7, [rename("P-1")]],
      ["key-2", 8, [move(60)]],
    ]);
  });

  it("shows what others did elsewhere, with ours on top", async () => {
    world.answers.push((batch) => {
      world.commit([call("By someone else")], "ada");
      return world.answer(batch);
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.merged.at(-1)?.name).toBe("By someone else");
    expect(world.merged.at(-1)?.assets.a?.name).toBe("P-1");
    expect(world.autosave.base).toEqual(world.saved);
  });

  it("takes the server's word when what it has cannot be what is computed here", async () => {
    world.answers.push((batch) => {
      world.commit([call("Untold")], "ada");
      return { ...world.answer(batch), theirs: [] };
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.base).toEqual(world.saved);
    expect(world.autosave.state).toEqual({ kind: "saved" });
  });

  it("flushes at once, to the last operation", async () => {
    world.answers.push((batch) => {
      world.autosave.add([move(60)]);
      return world.answer(batch);
    });
    world.autosave.add([rename("P-1")]);
    await world.autosave.flush();
    expect(world.sent).toHaveLength(2);
    expect(world.autosave.state).toEqual({ kind: "saved" });
  });

  it("asks for nothing when there is nothing", async () => {
    world.autosave.add([]);
    await world.autosave.flush();
    expect([world.sent, world.timers]).toEqual([[], []]);
  });
});

describe("when no answer comes", () => {
  it("tries the same batch under the same key until it is answered", async () => {
    world.answers.push(unreachable, unreachable);
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.state).toEqual({ kind: "retrying", reason: "offline", count: 1, kept: true });
    world.autosave.add([move(20)]);
    expect(world.autosave.state).toMatchObject({ kind: "retrying", count: 2 });
    expect(await world.tick()).toBeLessThanOrEqual(1000);
    expect(await world.tick()).toBeLessThanOrEqual(2000);
    expect(world.sent.slice(0, 3).map((batch) => [batch.key, batch.operations])).toEqual(
      Array.from({ length: 3 }, () => ["key-1", [rename("P-1")]]),
    );
    await world.tick();
    expect(world.saved.document.assets.b?.at).toEqual([20, 0]);
    expect(world.autosave.state).toEqual({ kind: "saved" });
  });

  it("does nothing twice when only the answer was lost", async () => {
    const answers: Answer[] = [];
    world.answers.push((batch) => {
      answers.push(world.answer(batch));
      return unreachable();
    });
    world.answers.push(() => answers[0] ?? unreachable());
    world.autosave.add([rename("P-1")]);
    await world.tick();
    world.autosave.hear(8, world.log, null); // our own, on its way back
    world.told(call("Meanwhile"));
    expect(world.autosave.document.name).not.toBe("Meanwhile");
    await world.tick();
    expect(world.autosave.base).toEqual(world.saved);
    expect(world.autosave.document.name).toBe("Meanwhile");
  });

  it("waits as long as a busy server asks", async () => {
    world.answers.push(() => {
      throw new RefusedError(429, {}, 12);
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.timers[0]?.at).toBe(12_000);
  });

  it("ends a flush, and retries at once when asked", async () => {
    world.answers.push(unreachable);
    world.autosave.add([rename("P-1")]);
    await world.autosave.flush();
    expect(world.autosave.state.kind).toBe("retrying");
    await world.autosave.retry();
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.timers).toEqual([]);
  });
});

describe("what an earlier visit left", () => {
  it("is sent again under its key, and what waited behind it after it", async () => {
    const batch: Batch = { key: "old", revision: 6, operations: [rename("P-1")] };
    world.log.push({ revision: 7, author: "ada", made_at: "", operation: call(station.name) });
    world.autosave.restore({ revision: 6, batch, waiting: [move(20)] });
    expect(world.merged.at(-1)?.assets.a?.name).toBe("P-1");
    expect(await world.tick()).toBe(0);
    await world.autosave.flush();
    expect(world.sent.map((each) => [each.key, each.revision])).toEqual([
      ["old", 6],
      ["key-1", 8],
    ]);
    expect(world.autosave.base).toEqual(world.saved);
  });

  it("had been saved after all, when only the answer was lost", async () => {
    const batch: Batch = { key: "old", revision: 6, operations: [rename("P-101")] };
    world.answers.push(() => ({ revision: 7, theirs: [], ...NOTHING_NEW }));
    world.autosave.restore({ revision: 6, batch, waiting: [] });
    await world.tick();
    expect(world.autosave.base.document).toBe(station);
    expect(world.autosave.state).toEqual({ kind: "saved" });
  });

  it("may be nothing", () => {
    world.autosave.restore({ revision: 5, batch: null, waiting: [] });
    expect([world.autosave.state, world.timers, world.merged]).toEqual([{ kind: "saved" }, [], []]);
  });
});

describe("what others do", () => {
  it("is shown at once, under what waits here", () => {
    world.autosave.add([rename("P-1")]);
    world.told(move(80));
    expect(world.merged.at(-1)?.assets.b?.at).toEqual([80, 0]);
    expect(world.merged.at(-1)?.assets.a?.name).toBe("P-1");
    expect(world.autosave.unsaved.revision).toBe(8);
  });

  it("may come in any order, or twice, and is asked for when it never comes", async () => {
    const [first, second] = world.commit([move(20), call("Two")], "ada");
    world.autosave.hear(9, second ? [second] : [], null);
    world.autosave.hear(9, first ? [first] : [], { ...NOTHING_NEW, findings: [wrong] });
    world.autosave.hear(8, first ? [first] : [], null);
    await settle();
    expect(world.autosave.base.document).toEqual(world.saved.document);
    world.commit([call("Three")], "ada");
    world.autosave.hear(10, null, null);
    await settle();
    expect(world.autosave.base.document.name).toBe("Three");
  });

  it("is loaded anew when it cannot be told", async () => {
    world.commit([call("Far away")], "ada");
    world.tooFar = true;
    world.autosave.hear(8, null, null);
    await settle();
    expect(world.autosave.base).toEqual(world.saved);
    expect(world.merged.at(-1)?.name).toBe("Far away");
  });

  it("in the same words as ours is no conflict", () => {
    world.autosave.add([rename("P-9"), move(20)]);
    world.told(rename("P-9"));
    expect(world.autosave.state.kind).not.toBe("conflict");
    expect(world.autosave.unsaved.waiting).toEqual([move(20)]);
  });

  it("at the same place as ours asks the person, and is asked again after a crash", async () => {
    world.autosave.add([rename("Ours"), move(20)]);
    world.told(rename("Theirs"));
    expect(world.autosave.state).toMatchObject({
      kind: "conflict",
      clashes: [{ place: "assets/a/name", mine: [rename("Ours")], theirs: [{ author: "ada" }] }],
    });
    await settle();
    expect(world.kept.at(-1)).toEqual({ revision: 7, batch: null, waiting: [rename("Ours"), move(20)] });
    await world.autosave.resolve(new Map([["assets/a/name", "theirs"]]));
    expect(world.saved.document.assets.a?.name).toBe("Theirs");
    expect(world.saved.document.assets.b?.at).toEqual([20, 0]);
  });

  it("that took an asset away is undone by keeping what was done to it", async () => {
    world.autosave.add([rename("Ours")]);
    world.told({ op: "remove_asset", asset: "a" });
    await world.autosave.resolve(new Map([["assets/a/name", "mine"]]));
    expect(world.saved.document.assets.a?.name).toBe("Ours");
    expect(world.saved.document.links).toEqual(station.links);
    expect(world.saved.document.bindings).toEqual(station.bindings);
  });

  it("is explained while the person chooses", () => {
    world.autosave.explain("nobody asks");
    world.autosave.add([rename("Ours")]);
    world.told(rename("Theirs"));
    world.autosave.explain("Ada went back to version 1.");
    expect(world.autosave.state).toMatchObject({ kind: "conflict", notice: "Ada went back to version 1." });
  });

  it("that cannot be told leaves what does not fit to be chosen, and brings nothing new into doubt", async () => {
    const added: Operation = { op: "add_asset", asset: "n", type: "x@1", name: "New", at: [0, 0], properties: {} };
    world.autosave.add([rename("Ours"), added]);
    world.tooFar = true;
    world.answers.push(() => {
      world.commit([rename("Long ago")], "ada");
      throw new RefusedError(409, { code: "twin.conflict" }, 0);
    });
    await world.tick();
    expect(world.autosave.state).toMatchObject({ kind: "conflict", clashes: [{ place: "assets/a/name" }] });
    await world.autosave.resolve(new Map([["assets/a/name", "mine"]]));
    expect([world.saved.document.assets.a?.name, world.saved.document.assets.n?.name]).toEqual(["Ours", "New"]);
  });
});

describe("a conflict that the server sees", () => {
  beforeEach(async () => {
    world.answers.push(() => {
      world.commit([rename("Theirs"), { op: "remove_asset", asset: "b" }], "ada");
      throw new RefusedError(409, { code: "twin.conflict", revision: 9 }, 0);
    });
    world.autosave.add([rename("Ours"), { op: "rename", asset: "b", name: "gone" }, call("Fine")]);
    await world.tick();
  });

  it("is told place by place", async () => {
    expect(world.autosave.state).toMatchObject({
      kind: "conflict",
      clashes: [
        { place: "assets/a/name", mine: [rename("Ours")] },
        { place: "assets/b/name", theirs: [{ operation: { op: "remove_asset", asset: "b" } }] },
      ],
    });
    world.autosave.add([move(9)]);
    await world.autosave.flush();
    expect(world.sent).toHaveLength(1);
  });

  it("ends with what was chosen at each place", async () => {
    await world.autosave.resolve(
      new Map([
        ["assets/a/name", "mine"],
        ["assets/b/name", "theirs"],
      ]),
    );
    expect(world.sent[1]).toEqual({
      key: "key-2",
      revision: 9,
      mark: "none",
      operations: [rename("Ours"), call("Fine")],
    });
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect([world.saved.document.assets.a?.name, world.saved.document.assets.b]).toEqual(["Ours", undefined]);
  });

  it("is refused when it cannot be found here", async () => {
    const other = new World();
    other.answers.push(...Array.from({ length: 4 }, () => refusing(409, "twin.conflict")));
    other.autosave.add([rename("Ours")]);
    await other.autosave.flush();
    expect(other.autosave.state).toEqual({ kind: "refused", problem: { code: "twin.conflict", detail: "No." } });
  });
});

describe("a refusal", () => {
  it("keeps the operations until they are sent again", async () => {
    world.answers.push(refusing(400, "request.invalid"));
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.state).toMatchObject({ kind: "refused", problem: { code: "request.invalid" } });
    expect(world.timers).toEqual([]);
    await world.autosave.retry();
    expect(world.saved.document.assets.a?.name).toBe("P-1");
  });

  it("can be given up", async () => {
    world.answers.push(refusing(400, "request.invalid"));
    world.autosave.add([rename("P-1")]);
    await world.tick();
    await world.autosave.drop();
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.merged.at(-1)?.assets.a?.name).toBe("P-101");
  });

  it.each([
    [401, "request.unauthenticated"],
    [403, "request.csrf"],
    [403, "entry.sign_in_again"],
  ])("of somebody signed out (%i %s) waits for them, and goes on by itself", async (status, code) => {
    world.answers.push(refusing(status, code));
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.state).toEqual({ kind: "signed-out", count: 1, kept: true });
    expect(await world.tick()).toBe(10_000);
    expect(world.autosave.state).toEqual({ kind: "saved" });
  });
});
