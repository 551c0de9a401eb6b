import { describe, expect, it } from "vitest";
import { RefusedError, UnreachableError } from "../common/api.ts";
import type { TypeDocument } from "./document.ts";
import { Saving, type Saved, type Surroundings, type Unsaved } from "./saving.ts";

const START: TypeDocument = { key: "pump", name: { en: "Pump" }, signals: { flow: { unit: "m3/h" } } };

/** A server that keeps one draft, and a clock that runs when it is told to. */
class World {
  revision = 4;
  document: TypeDocument = START;
  fails: Error[] = [];
  timers: (() => void)[] = [];
  shown: TypeDocument = START;
  puts = 0;

  readonly around: Surroundings = {
    put: (revision, document) => {
      this.puts += 1;
      const failure = this.fails.shift();
      if (failure) return Promise.reject(failure);
      if (revision !== this.revision) return Promise.reject(new RefusedError(409, { code: "type.conflict" }, 0));
      this.revision += 1;
      this.document = document;
      return Promise.resolve(this.saved);
    },
    load: () => Promise.resolve(this.saved),
    after: (_, run) => {
      this.timers.push(run);
      return () => {
        this.timers = this.timers.filter((each) => each !== run);
      };
    },
    changed: () => undefined,
    received: (document) => {
      this.shown = document;
    },
  };

  get saved(): Saved {
    return { revision: this.revision, document: this.document, findings: [] };
  }

  /** Somebody else saves. */
  other(document: TypeDocument): void {
    this.revision += 1;
    this.document = document;
  }
}

const renamed = (name: string): TypeDocument => ({ ...START, name: { en: name } });
const flowing = (unit: string, base = START): TypeDocument => ({ ...base, signals: { flow: { unit } } });

function begun(): [World, Saving] {
  const world = new World();
  return [world, new Saving(world.saved, world.around)];
}

describe("saving a draft", () => {
  it("sends what was typed meanwhile once, and is saved when the server has it", async () => {
    const [world, saving] = begun();
    saving.edit(renamed("P"));
    saving.edit(renamed("Pu"));
    expect(saving.state.kind).toBe("waiting");
    expect(world.timers).toHaveLength(1);
    await saving.flush();
    expect([saving.state.kind, world.puts, world.document]).toEqual(["saved", 1, renamed("Pu")]);
    expect(saving.unsaved).toBeNull();
  });

  it("takes what others changed elsewhere along", async () => {
    const [world, saving] = begun();
    world.other(flowing("l/s"));
    saving.edit(renamed("Booster"));
    await saving.flush();
    expect(saving.state.kind).toBe("saved");
    expect(world.document).toEqual(flowing("l/s", renamed("Booster")));
    expect(world.shown).toEqual(world.document);
  });

  it("shows both sides of one place, loses neither, and goes on with what was chosen", async () => {
    const [world, saving] = begun();
    world.other(renamed("Theirs"));
    saving.edit(renamed("Mine"));
    await saving.flush();
    expect(saving.state).toMatchObject({
      kind: "conflict",
      clashes: [{ path: ["name"], theirs: { en: "Theirs" }, mine: { en: "Mine" } }],
    });
    saving.edit(flowing("l/s", renamed("Mine")));
    expect(saving.state.kind).toBe("conflict");
    await saving.resolve(new Set(["name"]));
    expect(world.document).toEqual(flowing("l/s", renamed("Theirs")));
    expect(saving.state.kind).toBe("saved");
  });

  it("knows its own document when only the answer was lost", async () => {
    const [world, saving] = begun();
    saving.edit(renamed("Booster"));
    world.other(renamed("Booster"));
    await saving.flush();
    expect([saving.state.kind, world.puts]).toEqual(["saved", 1]);
  });

  it("keeps trying while nobody answers, and says so", async () => {
    const [world, saving] = begun();
    world.fails = [new UnreachableError("offline"), new RefusedError(503, {}, 2)];
    saving.edit(renamed("Booster"));
    await saving.flush();
    expect(saving.state).toEqual({ kind: "retrying", reason: "offline" });
    await saving.retry();
    expect(saving.state.kind).toBe("retrying");
    await saving.retry();
    expect([saving.state.kind, world.document]).toEqual(["saved", renamed("Booster")]);
  });

  it("keeps what the server refuses, until it is another document", async () => {
    const [world, saving] = begun();
    world.fails = [new RefusedError(422, { code: "type.too_large", detail: "too large" }, 0)];
    saving.edit(renamed("x".repeat(9)));
    await saving.flush();
    expect(saving.state).toMatchObject({ kind: "refused", problem: { code: "type.too_large" } });
    expect(saving.unsaved?.document).toEqual(renamed("x".repeat(9)));
    saving.edit(renamed("Booster"));
    await saving.flush();
    expect([saving.state.kind, world.document]).toEqual(["saved", renamed("Booster")]);
  });

  it("puts back what an earlier visit could not save, over what others saved since", async () => {
    const [world, saving] = begun();
    const left: Unsaved = { revision: 3, base: START, document: renamed("Mine") };
    world.document = flowing("l/s");
    const again = new Saving(world.saved, world.around);
    again.restore(left);
    await again.flush();
    expect(world.document).toEqual(flowing("l/s", renamed("Mine")));
    saving.restore({ revision: 4, base: START, document: START });
    expect(saving.state.kind).toBe("saved");
  });
});
