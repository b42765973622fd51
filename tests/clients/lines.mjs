// Commands in lines of JSON on stdin, one answer for each on stdout; and a network that can be cut and that loses answers.
import { createInterface } from "node:readline";

export function serve(commands) {
  const lines = createInterface({ input: process.stdin });
  let turn = Promise.resolve();
  const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
  lines.on("line", (line) => {
    const { do: name, ...options } = JSON.parse(line);
    turn = turn.then(async () => commands[name](options)).then(
      (gives) => say({ gives }),
      (fault) => say({ fails: `${fault.stack ?? fault}` }),
    );
  });
  lines.on("close", () => process.exit(0));
}

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
  lose = 0;
  lost = 0;
  answered = 0;
  next = chance(1);

  // `fetch`, while online; with the chance `lose` the server hears and its answer does not arrive.
  send = async (url, options) => {
    if (!this.online) throw new Error("no network here");
    const answer = await fetch(url, options);
    const body = await answer.text();
    if (!this.online || this.next() < this.lose) {
      this.lost++;
      throw new Error("the answer was lost");
    }
    this.answered++;
    return new Response(body || null, { status: answer.status });
  };

  set({ online = this.online, lose = this.lose, seed }) {
    Object.assign(this, { online, lose }, seed === undefined ? {} : { next: chance(seed) });
  }
}
