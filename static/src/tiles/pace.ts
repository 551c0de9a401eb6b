/** Draws what has changed, at most ten times a second, all of it in one frame. */
export const BETWEEN_MS = 100;

export interface Clock {
  now: () => number;
  after: (milliseconds: number, run: () => void) => void;
  frame: (run: () => void) => void;
}

const PAGE: Clock = {
  now: () => performance.now(),
  after: (milliseconds, run) => {
    setTimeout(run, milliseconds);
  },
  frame: (run) => {
    requestAnimationFrame(run);
  },
};

export class Pace<Thing> {
  private readonly changed = new Set<Thing>();
  private readonly draw: (things: Set<Thing>) => void;
  private readonly clock: Clock;
  private drawnAt = -Infinity;
  private isAsked = false;

  constructor(draw: (things: Set<Thing>) => void, clock: Clock = PAGE) {
    [this.draw, this.clock] = [draw, clock];
  }

  touch(thing: Thing): void {
    this.changed.add(thing);
    if (this.isAsked) return;
    this.isAsked = true;
    const wait = BETWEEN_MS - (this.clock.now() - this.drawnAt);
    if (wait > 0) this.clock.after(wait, this.ask);
    else this.ask();
  }

  private readonly ask = (): void => {
    this.clock.frame(() => {
      this.isAsked = false;
      this.drawnAt = this.clock.now();
      const things = new Set(this.changed);
      this.changed.clear();
      this.draw(things);
    });
  };
}
