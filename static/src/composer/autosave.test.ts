import { beforeEach, describe, expect, it } from "vitest";
import { RefusedError, UnreachableError } from "../common/api.ts";
import { Autosave, type Batch, type Saved } from "./autosave.ts";
import type { Operation, TwinDocument } from "./document.ts";
import { applyFitting } from "./operations.ts";
import { station } from "./sample.ts";

const rename = (name: string): Operation => ({ op: "rename", asset: "a", name });
const move = (x: number): Operation => ({ op: "move", asset: "b", at: [x, 0] });

/** A server in memory, with a hand on its clock and its answers. */
class World {
  saved: Saved = { revision: 7, document: station, findings: [] };
  sent: Batch[] = [];
  timers: { at: number; run: () => void }[] = [];
  merged: TwinDocument[] = [];
  answers: ((batch: Batch) => Saved)[] = [];
  keys = 0;
  autosave = new Autosave(this.saved, {
    send: (batch) => {
      this.sent.push(batch);
      const answer = this.answers.shift() ?? ((given): Saved => this.commit(given.operations));
      return new Promise((resolve) => {
        resolve(answer(batch));
      });
    },
    load: () => Promise.resolve(this.saved),
    newKey: () => `key-${++this.keys}`,
    after: (milliseconds, run) => {
      const timer = { at: milliseconds, run };
      this.timers.push(timer);
      return () => {
        this.timers = this.timers.filter((each) => each !== timer);
      };
    },
    changed: () => undefined,
    merged: (document) => this.merged.push(document),
  });

  commit(operations: Operation[]): Saved {
    const [document] = applyFitting(this.saved.document, operations);
    this.saved = { revision: this.saved.revision + 1, document, findings: [] };
    return this.saved;
  }

  /** Lets the next timer go off, and everything settle; the answer is how long it had waited. */
  async tick(): Promise<number> {
    const timer = this.timers.shift();
    timer?.run();
    await new Promise((resolve) => setTimeout(resolve));
    return timer?.at ?? -1;
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe("saving", () => {
  it("waits a second, then sends all at once with the revision they were made on", async () => {
    world.autosave.add([rename("P-1")]);
    world.autosave.add([move(20), move(40)]);
    expect(world.autosave.state).toEqual({ kind: "waiting" });
    expect(world.timers).toHaveLength(1);
    expect(await world.tick()).toBe(1000);
    expect(world.sent).toEqual([{ key: "key-1", revision: 7, operations: [rename("P-1"), move(40)] }]);
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.autosave.base.revision).toBe(8);
    expect(world.autosave.unsaved).toEqual({ revision: 8, batch: null, waiting: [] });
  });

  it("sends what was done meanwhile in a second batch, on the new revision", async () => {
    world.answers.push((batch) => {
      world.autosave.add([move(60)]);
      return world.commit(batch.operations);
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.state).toEqual({ kind: "waiting" });
    expect(world.autosave.document.assets.b?.at).toEqual([60, 0]);
    await world.tick();
    expect(world.sent.map((batch) => [batch.key, batch.revision, batch.operations])).toEqual([
      ["key-1", 7, [rename("P-1")]],
      ["key-2", 8, [move(60)]],
    ]);
  });

  it("shows what others did elsewhere, with ours on top", async () => {
    world.answers.push((batch) => {
      world.commit([{ op: "rename_twin", name: "By someone else" }]);
      return world.commit(batch.operations);
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.merged.at(-1)?.name).toBe("By someone else");
    expect(world.merged.at(-1)?.assets.a?.name).toBe("P-1");
  });

  it("flushes at once, to the last operation", async () => {
    world.answers.push((batch) => {
      world.autosave.add([move(60)]);
      return world.commit(batch.operations);
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
  const unreachable = (): Saved => {
    throw new UnreachableError("offline");
  };

  it("tries the same batch under the same key until it is answered", async () => {
    world.answers.push(unreachable, unreachable);
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.state).toEqual({ kind: "retrying", reason: "offline" });
    world.autosave.add([move(20)]);
    expect(await world.tick()).toBeLessThanOrEqual(1000);
    expect(await world.tick()).toBeLessThanOrEqual(2000);
    expect(world.sent.slice(0, 3).map((batch) => [batch.key, batch.operations])).toEqual(
      Array.from({ length: 3 }, () => ["key-1", [rename("P-1")]]),
    );
    await world.tick();
    expect(world.saved.document.assets.b?.at).toEqual([20, 0]);
    expect(world.autosave.state).toEqual({ kind: "saved" });
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

  it("takes up after a reload what was left", async () => {
    const batch: Batch = { key: "old", revision: 6, operations: [rename("P-1")] };
    world.autosave.restore({ revision: 6, batch, waiting: [move(20)] });
    expect(world.merged.at(-1)?.assets.a?.name).toBe("P-1");
    expect(await world.tick()).toBe(0);
    await world.autosave.flush();
    expect(world.sent.map((each) => each.key)).toEqual(["old", "key-1"]);
    expect(world.saved.document.assets.b?.at).toEqual([20, 0]);
  });
});

describe("what an earlier visit left", () => {
  it("is sent on the revision it was made on, so that a conflict is seen", async () => {
    world.autosave.restore({ revision: 5, batch: null, waiting: [rename("P-1")] });
    await world.tick();
    expect(world.sent).toEqual([{ key: "key-1", revision: 5, operations: [rename("P-1")] }]);
  });

  it("may be nothing", () => {
    world.autosave.restore({ revision: 5, batch: null, waiting: [] });
    expect([world.autosave.state, world.timers, world.merged]).toEqual([{ kind: "saved" }, [], []]);
  });
});

describe("a conflict", () => {
  beforeEach(async () => {
    const theirs: Operation[] = [rename("Theirs")];
    world.answers.push((batch) => {
      world.commit([...theirs, { op: "remove_asset", asset: "b" }]);
      throw new RefusedError(409, { code: "twin.conflict", revision: 8, theirs, yours: batch.operations }, 0);
    });
    world.autosave.add([rename("Ours"), { op: "rename", asset: "b", name: "gone" }]);
    await world.tick();
  });

  it("stops saving and shows both sides", async () => {
    expect(world.autosave.state).toEqual({
      kind: "conflict",
      theirs: [rename("Theirs")],
      yours: [rename("Ours"), { op: "rename", asset: "b", name: "gone" }],
    });
    world.autosave.add([{ op: "rename_twin", name: "later" }]);
    await world.autosave.flush();
    expect(world.sent).toHaveLength(1);
  });

  it("keeps ours on top of theirs as far as it still fits", async () => {
    world.autosave.add([{ op: "rename_twin", name: "later" }]);
    await world.autosave.resolve("mine");
    expect(world.sent[1]).toEqual({
      key: "key-2",
      revision: 8,
      operations: [rename("Ours"), { op: "rename_twin", name: "later" }],
    });
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.saved.document.assets.a?.name).toBe("Ours");
  });

  it("lets ours go for theirs", async () => {
    await world.autosave.resolve("theirs");
    expect(world.sent).toHaveLength(1);
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.merged.at(-1)?.assets.a?.name).toBe("Theirs");
  });
});

describe("a refusal", () => {
  it("keeps the operations until they are sent again", async () => {
    world.answers.push(() => {
      throw new RefusedError(403, { code: "request.not_allowed", detail: "Sign in again." }, 0);
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    expect(world.autosave.state).toEqual({
      kind: "refused",
      problem: { code: "request.not_allowed", detail: "Sign in again." },
    });
    expect(world.timers).toEqual([]);
    await world.autosave.retry();
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.saved.document.assets.a?.name).toBe("P-1");
  });

  it("can be given up", async () => {
    world.answers.push(() => {
      throw new RefusedError(400, { detail: "No." }, 0);
    });
    world.autosave.add([rename("P-1")]);
    await world.tick();
    await world.autosave.resolve("theirs");
    expect(world.autosave.state).toEqual({ kind: "saved" });
    expect(world.merged.at(-1)?.assets.a?.name).toBe("P-101");
  });
});
