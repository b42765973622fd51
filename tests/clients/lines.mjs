// Commands in lines of JSON on stdin, one answer for each on stdout; and a network that can be cut, loses messages and makes wait.
import { createInterface } from "node:readline";

// Serves the commands of a script, and those that are the same for every library. `phone()` is the phone that is open.
export function serve(phone, commands) {
  const all = { ...alike(phone), ...commands };
  const lines = createInterface({ input: process.stdin });
  let turn = Promise.resolve();
  const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
  lines.on("line", (line) => {
    const { do: name, ...options } = JSON.parse(line);
    turn = turn.then(async () => all[name](options)).then(
      (gives) => say({ gives }),
      (fault) => say({ fails: `${fault.stack ?? fault}` }),
    );
  });
  lines.on("close", () => process.exit(0));
}

const alike = (phone) => ({
  network: (how) => phone().network.set(how),
  lost: () => phone().network.lost,
  asked: () => phone().network.asked.splice(0),
  sync: () => phone().sync(),
  // Begins to sync. True when the nth answer has come and is held back; false when all was over before that.
  async begin({ nth, method }) {
    const held = phone().network.holdBack(nth, method);
    phone().syncing = phone().sync();
    phone().syncing.catch(() => {}); // told by `goOn`
    return Promise.race([held, phone().syncing.then(() => false, () => false)]);
  },
  // Lets the answer that is held back arrive, or get lost; then the sync goes on to its end.
  goOn({ lost = false }) {
    phone().network.release(lost);
    return phone().syncing;
  },
});

// A number in [0, 1) from a seed, the same every time (mulberry32).
export function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Network {
  online = true;
  drop = 0; // the chance that the server does not hear a request
  lose = 0; // the chance that it hears, and that its answer does not arrive
  lost = 0;
  asked = [];
  away = [];
  until = 0; // so many answers, and the last of them is held back
  next = chance(1);

  // `fetch`, as well as this network can.
  send = async (url, options) => {
    if (!this.online) throw new Error("the request was lost");
    if (this.next() < this.drop) this.fail("the request was lost");
    this.asked.push(`${options.method} ${new URL(url).pathname.split("/").at(-1)}`);
    const answer = await fetch(url, options);
    const body = await answer.text();
    const counts = options.method === (this.method ?? options.method);
    const isLost = counts && --this.until === 0 ? await this.held() : this.next() < this.lose;
    if (!this.online || isLost) this.fail("the answer was lost");
    return new Response(body || null, { status: answer.status });
  };

  // Online at once, else when the network is back or the app is killed: for a library that would try again all the time.
  back() {
    return this.online ? undefined : new Promise((go) => this.away.push(go));
  }

  wake() {
    this.away.splice(0).forEach((go) => go());
  }

  fail(how) {
    this.lost++;
    throw new Error(how);
  }

  // Resolves when the nth answer (to this method, if one is named) from now on has come; it waits for `release`.
  holdBack(nth, method) {
    Object.assign(this, { until: nth, method });
    return new Promise((reached) => {
      this.held = () => (reached(true), new Promise((letGo) => (this.letGo = letGo)));
    });
  }

  letGo = () => {};

  // The answer that is held back arrives or is lost; none is held back any more. An app that is killed loses it.
  release(lost = true) {
    this.until = 0;
    this.letGo(lost);
    this.wake();
  }

  set({ online = this.online, drop = this.drop, lose = this.lose, seed }) {
    Object.assign(this, { online, drop, lose }, seed === undefined ? {} : { next: chance(seed) });
    if (online) this.wake();
  }
}
