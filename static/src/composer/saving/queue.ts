/**
 * What is unsaved, where it outlives the page: a queue of its own for each tab, in IndexedDB.
 *
 * A tab holds a lock for as long as it lives. A queue whose lock nobody holds was left by a page that was closed, that
 * crashed or whose browser was killed; the next page of the same person on the same twin takes it over.
 */
import type { Unsaved } from "./saving.ts";

/** A queue that was left. */
export interface Left extends Unsaved {
  id: string;
  twin: string;
  person: string;
  /** When it was last written to, in milliseconds. */
  at: number;
}

const DATABASE = "outturn.composer";
const STORE = "queues";
/** Without locks (they need HTTPS) only a queue this old counts as left. */
const OLD = 60_000;

function answerOf<Answer>(request: IDBRequest<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("The browser keeps nothing."));
    };
  });
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = transaction.onerror = () => {
      reject(transaction.error ?? new Error("The browser could not write."));
    };
  });
}

async function opened(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { keyPath: "id" });
  };
  return answerOf(request);
}

const lockOf = (tab: string): string => `outturn.composer.${tab}`;

/** The lock of a tab, until this page is gone; false when another page has it. */
function hold(tab: string): Promise<boolean> {
  return new Promise((resolve) => {
    void navigator.locks.request(lockOf(tab), { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise<never>(() => undefined);
    });
  });
}

function isEmpty({ batch, waiting }: Unsaved): boolean {
  return !batch && waiting.length === 0;
}

export class Queue {
  private wanted: Unsaved | null = null;
  private tail: Promise<void> = Promise.resolve();
  private readonly held = new Set<string>();
  private readonly taken: string[] = [];
  private readonly database: Promise<IDBDatabase>;
  private readonly locked: Promise<unknown>;
  private readonly twin: string;
  private readonly person: string;
  private readonly tab: string;

  constructor(twin: string, person: string, tab: string) {
    this.twin = twin;
    this.person = person;
    this.tab = tab;
    this.database = opened();
    this.database.catch(() => undefined); // told to whoever keeps something
    this.locked = "locks" in navigator ? hold(tab) : Promise.resolve();
  }

  /** Keeps what is unsaved now; resolves when it would survive a crash. What comes meanwhile is written with it. */
  keep(unsaved: Unsaved): Promise<void> {
    this.wanted = unsaved;
    this.tail = this.tail.catch(() => undefined).then(() => this.write());
    return this.tail;
  }

  /** A queue that was left, which no other page takes from now on; null when there is none (any more). */
  async left(): Promise<Left | null> {
    const database = await this.database;
    const store = database.transaction(STORE).objectStore(STORE);
    const all = (await answerOf(store.getAll())) as Left[];
    const mine = all.filter(({ id, twin, person }) => id !== this.tab && twin === this.twin && person === this.person);
    for (const queue of mine.sort((one, other) => one.at - other.at)) {
      if (this.held.has(queue.id) || !(await this.isLeft(queue))) continue;
      // Whoever held the lock until now may have written once more, or handed the queue on.
      const now = (await answerOf(database.transaction(STORE).objectStore(STORE).get(queue.id))) as Left | undefined;
      if (!now) continue;
      this.held.add(queue.id);
      return now;
    }
    return null;
  }

  /** What a queue held is part of what is kept next, so that it can go. */
  adopt({ id }: Left): void {
    this.taken.push(id);
  }

  private async isLeft(queue: Left): Promise<boolean> {
    return "locks" in navigator ? hold(queue.id) : Date.now() - queue.at > OLD;
  }

  private async write(): Promise<void> {
    const { wanted, taken } = this;
    if (!wanted) return;
    const database = await this.database;
    await this.locked;
    const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(STORE);
    // What was taken over is in our own queue by now, or saved: both in one transaction, so that it is never in neither.
    for (const id of taken) store.delete(id);
    if (isEmpty(wanted)) store.delete(this.tab);
    else store.put({ ...wanted, id: this.tab, twin: this.twin, person: this.person, at: Date.now() } satisfies Left);
    await done(transaction);
    this.wanted = this.wanted === wanted ? null : this.wanted;
  }
}
