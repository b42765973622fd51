// A phone on RxDB, opened by the client of docs/rxdb.md and nothing else.
import { checkSchema } from "rxdb/plugins/dev-mode";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { Network, serve } from "./lines.mjs";
import { openComeWatch } from "./guide.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Phone {
  constructor(options) {
    const kept = new Map();
    this.network = new Network();
    this.pulled = {};
    this.options = {
      ...options,
      storage: getRxStorageMemory(),
      kept: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) },
      token: async () => options.token,
      send: (url, how) => this.send(url, how),
      retryTime: 60,
      everyMs: 3_600_000,
    };
  }

  async send(url, how) {
    const answer = await this.network.send(url, how);
    const [, name] = /rxdb\/(\w+)\/pull/.exec(url) ?? [];
    if (name && answer.ok) this.pulled[name] = (this.pulled[name] ?? 0) + 1;
    return answer;
  }

  async open() {
    this.client = await openComeWatch(this.options);
  }

  // Until everything typed is sent and every collection was read once more after that.
  async sync() {
    const before = { ...this.pulled };
    Object.values(this.client.replications).forEach((each) => each.reSync());
    while (this.options.names.some((name) => (this.pulled[name] ?? 0) === (before[name] ?? 0))) await pause(1);
    await this.sent();
  }

  async sent() {
    for (const each of Object.values(this.client.replications)) await each.awaitInSync();
  }

  async untilLost() {
    for (const before = this.network.lost; this.network.lost === before; ) await pause(1);
  }

  find(collection, id) {
    return this.client.db[collection].findOne(id).exec();
  }
}

let phone;

serve({
  async open(options) {
    phone = new Phone(options);
    await phone.open();
  },
  // The app is killed and started again: what it stored is there, what was on its way is not.
  async restart() {
    const { online } = phone.network;
    phone.network.set({ online: false });
    await phone.client.close();
    phone.network.set({ online });
    await phone.open();
  },
  async close() {
    phone.network.set({ online: false });
    await phone.client.close();
  },
  async put({ collection, id, fields }) {
    const there = await phone.find(collection, id);
    if (there) await there.incrementalPatch(fields);
    else await phone.client.db[collection].insert({ id, ...fields });
  },
  async putMany({ collection, documents }) {
    const done = await phone.client.db[collection].bulkInsert(documents);
    if (done.error.length) throw new Error(JSON.stringify(done.error[0]));
  },
  // Leaves a field out of the document, as an app does that knows no null.
  async unset({ collection, id, field }) {
    await (await phone.find(collection, id)).incrementalModify(({ [field]: _, ...rest }) => rest);
  },
  async remove({ collection, id }) {
    await (await phone.find(collection, id)).incrementalRemove();
  },
  network: (how) => phone.network.set(how),
  lost: () => phone.network.lost,
  sync: () => phone.sync(),
  sent: () => phone.sent(),
  untilLost: () => phone.untilLost(),
  // What RxDB's developer mode has against a schema; nothing, one hopes.
  check({ schema }) {
    checkSchema(schema);
  },
  async dump({ collection }) {
    return (await phone.client.db[collection].find().exec()).map((each) => each.toMutableJSON());
  },
});
