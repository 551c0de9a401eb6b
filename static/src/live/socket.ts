/** A websocket that comes back by itself, and says how it is doing. */
import { pause } from "../common/retry.ts";

export type SocketState = { kind: "connecting" } | { kind: "open" } | { kind: "waiting"; until: number };

/** What the connection needs of the world around it. */
export interface Surroundings {
  open: (url: string) => WebSocket;
  after: (milliseconds: number, run: () => void) => () => void;
  now: () => number;
  changed: (state: SocketState) => void;
  message: (data: unknown) => void;
}

/** After this long without a fault a connection counts as good again. */
const STEADY = 10_000;

export class LiveSocket {
  state: SocketState = { kind: "connecting" };
  private failures = 0;
  private openedAt = 0;
  private socket: WebSocket | null = null;
  private callOff: (() => void) | null = null;
  private isOver = false;
  private readonly url: string;
  private readonly around: Surroundings;

  constructor(url: string, around: Surroundings) {
    this.url = url;
    this.around = around;
  }

  /** Connects now, also when it was waiting to. */
  connect(): void {
    if (this.socket || this.isOver) return;
    this.callOff?.();
    this.callOff = null;
    this.become({ kind: "connecting" });
    const socket = this.around.open(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.openedAt = this.around.now();
      this.become({ kind: "open" });
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      this.around.message(JSON.parse(event.data));
    };
    socket.onclose = () => {
      this.lost();
    };
  }

  /** Says something, if it can be said now. */
  send(text: string): void {
    if (this.state.kind === "open") this.socket?.send(text);
  }

  /** Closes the connection for good. */
  end(): void {
    this.isOver = true;
    this.callOff?.();
    this.callOff = null;
    this.socket?.close();
  }

  private lost(): void {
    this.socket = null;
    if (this.isOver) return;
    const wasSteady = this.state.kind === "open" && this.around.now() - this.openedAt >= STEADY;
    this.failures = wasSteady ? 1 : this.failures + 1;
    const wait = pause(this.failures);
    this.become({ kind: "waiting", until: this.around.now() + wait });
    this.callOff = this.around.after(wait, () => {
      this.connect();
    });
  }

  private become(state: SocketState): void {
    this.state = state;
    this.around.changed(state);
  }
}
