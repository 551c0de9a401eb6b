/** Entry point of the list of alarms: it follows what changes, says what is new, and sounds if asked to. */
import { announce } from "./common/dom.ts";
import { gettext } from "./common/gettext.ts";
import { LiveSocket } from "./live/socket.ts";
import { fresh, type Told } from "./alarms/news.ts";

const SOUND = "alarm-sound";
const TOGETHER = 500;

function beep(): void {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  volume.gain.value = 0.1;
  tone.frequency.value = 880;
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.2);
  tone.onended = () => void context.close();
}

function run(place: HTMLElement): void {
  const button = document.getElementById(SOUND);
  const told = document.getElementById("alarms-told");
  let sounds = localStorage.getItem(SOUND) === "on";
  const show = (): void => button?.setAttribute("aria-pressed", String(sounds));
  button?.addEventListener("click", () => {
    sounds = !sounds;
    localStorage.setItem(SOUND, sounds ? "on" : "off");
    show();
    if (sounds) beep();
  });
  show();

  let later: number | undefined;
  function refresh(): void {
    // Whoever is choosing among the rows keeps them until that is done.
    if (document.querySelector('input[name="alarm"]:checked')) return;
    later ??= window.setTimeout(() => {
      later = undefined;
      document.body.dispatchEvent(new CustomEvent("alarms-changed"));
    }, TOGETHER);
  }

  const address = new URL(place.dataset.websocket ?? "", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new LiveSocket(address.href, {
    open: (url) => new WebSocket(url),
    after: (milliseconds, then) => {
      const timer = setTimeout(then, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    now: () => Date.now(),
    changed: (state) => {
      if (state.kind === "open") refresh();
      if (state.kind === "waiting") announce(gettext("The connection is lost. What you see may be old."));
    },
    message: (data) => {
      const sentence = fresh(data as Told);
      if (sentence && told) told.textContent = sentence;
      if (sentence && sounds) beep();
      refresh();
    },
  });
  socket.connect();
  addEventListener("online", () => {
    socket.connect();
  });
}

const place = document.getElementById("alarms-live");
if (place) run(place);
