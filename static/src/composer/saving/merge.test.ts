import { describe, expect, it } from "vitest";
import { RefusedError, UnreachableError } from "../../common/api.ts";
import { Autosave, type Answer, type Batch, type Saved } from "./autosave.ts";
import { placeOf, type Operation, type TwinDocument } from "../model/document.ts";
import { fileOf } from "./keeping.ts";
import { rebase, type Change, type Choice } from "./merge.ts";
import { NOTHING_NEW } from "./world.sample.ts";
import { applyFitting } from "../model/operations.ts";
import { station } from "../model/sample.ts";

/** Numbers that look random and are the same at every run (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Dice {
  private readonly random: () => number;
  private count = 0;
  private readonly name: string;

  constructor(seed: number, name: string) {
    this.random = seeded(seed);
    this.name = name;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  of<One>(choices: readonly One[]): One {
    return choices[this.below(choices.length)] as One;
  }

  /** Any edit of a document; each says something that no other one says. */
  edit(document: TwinDocument): Operation {
    const word = `${this.name}${++this.count}`;
    const assets = [...Object.keys(document.assets), "gone"];
    const [asset, link, note, group] = [
      this.of(assets),
      this.of([...Object.keys(document.links), "gone"]),
      this.of([...Object.keys(document.notes), "gone"]),
      this.of([...Object.keys(document.groups), "gone"]),
    ];
    const at: [number, number] = [this.below(900), this.count];
    return this.of<Operation>([
      { op: "add_asset", asset: word, type: "pump@1", name: word, at, properties: {} },
      { op: "move", asset, at },
      { op: "rename", asset, name: word },
      { op: "rename", asset, name: word },
      { op: "set_type", asset, type: `pump@${this.count}` },
      { op: "set_group", asset, group: this.of([group, null]) },
      { op: "attach", asset, part_of: this.of([[this.of(assets), word], null]) },
      { op: "set_property", asset, property: this.of(["x", "y"]), value: this.of([word, null]) },
      { op: "remove_asset", asset },
      { op: "link", link: word, from: [asset, "out"], to: [this.of(assets), "in"], kind: "feeds" },
      { op: "set_kind", link, kind: word },
      { op: "unlink", link },
      { op: "bind", place: `${asset}/flow`, gateway: "g", key: word },
      { op: "unbind", place: this.of([...Object.keys(document.bindings), "gone/flow"]) },
      { op: "add_group", group: word, name: word },
      { op: "rename_group", group, name: word },
      { op: "collapse", group, collapsed: this.random() < 0.5 },
      { op: "remove_group", group },
      { op: "add_note", note: word, at, text: word },
      { op: "edit_note", note, text: word },
      { op: "move_note", note, at },
      { op: "resize_note", note, size: this.of([at, null]) },
      { op: "remove_note", note },
      { op: "rename_twin", name: word },
    ]);
  }
}

/** The server's side: the rules of `rebase`, all or nothing, and each batch once. */
class Server {
  readonly log: Change[] = [];
  private readonly answers = new Map<string, Answer>();

  get revision(): number {
    return this.log.length;
  }

  at(revision: number): TwinDocument {
    return applyFitting(
      station,
      this.log.slice(0, revision).map((change) => change.operation),
    )[0];
  }

  draft(): Saved {
    return { revision: this.revision, document: this.at(this.revision), findings: [], findings_mark: "none" };
  }

  save({ key, revision, operations }: Batch, author: string): Answer {
    const known = this.answers.get(key);
    if (known) return known;
    const theirs = this.log.slice(revision);
    const { carried, clashes } = rebase(this.at(revision), theirs, operations);
    if (clashes.length) throw new RefusedError(409, { code: "twin.conflict" }, 0);
    const fitting = applyFitting(this.at(this.revision), carried)[1];
    if (fitting.length < carried.length) throw new RefusedError(422, { code: "twin.not_there" }, 0);
    for (const operation of carried) this.log.push({ revision: this.revision + 1, author, made_at: "", operation });
    const answer = { revision: this.revision, theirs, ...NOTHING_NEW };
    this.answers.set(key, answer);
    return answer;
  }
}

/** A browser on a bad line. */
class Client {
  readonly made: Operation[] = [];
  readonly letGo: Operation[] = [];
  readonly autosave: Autosave;
  isOffline = false;
  private timers: (() => void)[] = [];
  private told = 0;
  private keys = 0;
  private readonly dice: Dice;
  private readonly server: Server;

  constructor(name: string, server: Server, seed: number) {
    this.server = server;
    this.dice = new Dice(seed, name);
    this.autosave = new Autosave(server.draft(), {
      send: (batch) => this.answered(() => server.save(batch, name)),
      changes: (since) =>
        this.answered(() => ({ revision: server.revision, changes: server.log.slice(since), findings: [] })),
      load: () => this.answered(() => server.draft()),
      keep: () => Promise.resolve(),
      newKey: () => `${name}-${++this.keys}`,
      after: (_milliseconds, run) => {
        this.timers.push(run);
        return () => {
          this.timers = this.timers.filter((each) => each !== run);
        };
      },
      changed: () => undefined,
      merged: () => undefined,
    });
  }

  /** An answer, which may be lost on its way when the line is bad. */
  private async answered<Answered>(answer: () => Answered): Promise<Answered> {
    await Promise.resolve();
    if (this.isOffline && this.dice.below(2)) throw new UnreachableError("offline");
    const given = answer();
    await Promise.resolve();
    if (this.isOffline) throw new UnreachableError("the answer was lost");
    return given;
  }

  edit(): void {
    const operation = this.dice.edit(this.autosave.document);
    const [, fitting] = applyFitting(this.autosave.document, [operation]);
    this.made.push(...fitting);
    this.autosave.add(fitting);
  }

  /** Hears what others did, or only that they did something, or nothing. */
  hear(): void {
    const news = this.server.log.slice(this.told);
    if (this.dice.below(4) === 0 || news.length === 0) return;
    this.told = this.server.revision;
    this.autosave.hear(this.server.revision, this.dice.below(3) ? news : null, null);
  }

  async turn(): Promise<void> {
    const { state } = this.autosave;
    if (state.kind === "conflict") {
      const choices = new Map(state.clashes.map((clash) => [clash.place, this.dice.of<Choice>(["mine", "theirs"])]));
      for (const clash of state.clashes) if (choices.get(clash.place) === "theirs") this.letGo.push(...clash.mine);
      void this.autosave.resolve(choices);
    } else {
      this.timers.shift()?.();
    }
    await new Promise((resolve) => setTimeout(resolve));
  }

  async act(): Promise<void> {
    const deed = this.dice.below(10);
    if (deed < 5) this.edit();
    else if (deed < 7) this.hear();
    else if (deed < 9) await this.turn();
    else this.isOffline = !this.isOffline;
  }

  async settle(): Promise<void> {
    this.isOffline = false;
    for (let round = 0; round < 50 && this.autosave.state.kind !== "saved"; round += 1) {
      await this.turn();
      if (this.autosave.state.kind === "refused") throw new Error(JSON.stringify(this.autosave.state.problem));
    }
    this.autosave.hear(this.server.revision, null, null);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** Whether what was done is in the log, or was given up by its own person: by a later edit of the place, or by choice. */
function isAccountedFor(client: Client, operation: Operation, log: readonly Change[]): boolean {
  const text = JSON.stringify(operation);
  if (log.some((change) => JSON.stringify(change.operation) === text) || client.letGo.includes(operation)) return true;
  const place = placeOf(operation);
  const later = client.made.slice(client.made.indexOf(operation) + 1);
  if (later.some((each) => placeOf(each) === place || place.startsWith(`${placeOf(each)}/`))) return true;
  // What can only be done to a thing goes with the thing.
  const given = client.letGo.map(placeOf);
  return given.some((each) => text.includes(`"${each.split("/")[1] ?? "?"}"`));
}

describe("two or three people on bad lines", () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))("end with equal documents, seed %i", async (seed) => {
    const server = new Server();
    const names = ["a", "b", "c"].slice(0, 2 + (seed % 2));
    const clients = names.map((name, index) => new Client(name, server, seed * 10 + index));
    const turns = new Dice(seed, "turn");
    for (let step = 0; step < 120; step += 1) await turns.of(clients).act();
    for (const client of [...clients, ...clients]) await client.settle();
    for (const client of clients) {
      expect(client.autosave.state).toEqual({ kind: "saved" });
      expect(client.autosave.base.revision).toBe(server.revision);
      expect(client.autosave.document).toEqual(server.at(server.revision));
      const lost = client.made.filter((operation) => !isAccountedFor(client, operation, server.log));
      expect(lost).toEqual([]);
    }
  });
});

describe("what is downloaded", () => {
  it("holds everything that is not saved", () => {
    const client = new Client("a", new Server(), 1);
    client.autosave.add([{ op: "rename_twin", name: "Mine" }]);
    const content = JSON.parse(fileOf(client.autosave, [], new Date(0))) as Record<string, unknown>;
    expect(content).toMatchObject({
      made_at: "1970-01-01T00:00:00.000Z",
      revision: 0,
      operations: [{ op: "rename_twin", name: "Mine" }],
      document: { name: "Mine" },
    });
  });
});
