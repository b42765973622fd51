// A phone on RxDB, opened by the client of docs/rxdb.md and nothing else.
import { checkSchema } from "rxdb/plugins/dev-mode";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { Network, serve } from "./lines.mjs";
import { asTheyAre, newsOf, openComeWatch } from "./guide.mjs";

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
      retryTime: 20,
      everyMs: 3_600_000,
    };
  }

  async send(url, how) {
    await this.network.back();
    const answer = await this.network.send(url, how);
    const [, name] = /rxdb\/(\w+)\/pull/.exec(url) ?? [];
    if (name && answer.ok) this.pulled[name] = (this.pulled[name] ?? 0) + 1;
    return answer;
  }

  async open() {
    const { schemas, names, server, token, listens, silence } = this.options;
    const migrationStrategies = asTheyAre(schemas[names[0]].schema.version);
    const news = listens ? newsOf({ server, token, silence, again: 20 }) : undefined;
    this.client = await openComeWatch({ ...this.options, migrationStrategies, news });
  }

  // What the app stored stays, what was on its way does not arrive.
  async kill() {
    const { online } = this.network;
    this.network.set({ online: false });
    this.network.release();
    await this.client.close();
    this.network.set({ online });
  }

  // Until everything typed is sent and every collection was read once more after that; it tries again by itself.
  async sync() {
    const { client, pulled } = this, before = { ...pulled };
    const isOld = (name) => (pulled[name] ?? 0) === (before[name] ?? 0);
    this.poke();
    while (client === this.client && this.options.names.some(isOld)) await pause(1);
    if (client === this.client) await this.sent();
  }

  poke() {
    Object.values(this.client.replications).forEach((each) => each.reSync());
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

serve(() => phone, {
  async open(options) {
    phone = new Phone(options);
    await phone.open();
  },
  // The app is killed and started again, perhaps as a newer version.
  async restart(newer) {
    await phone.kill();
    Object.assign(phone.options, newer);
    await phone.open();
  },
  close: () => phone.kill(),
  async put({ collection, id, fields }) {
    const there = await phone.find(collection, id);
    if (there) await there.incrementalPatch(fields);
    else await phone.client.db[collection].insert({ id, ...fields });
  },
  async putMany({ collection, rows }) {
    const done = await phone.client.db[collection].bulkInsert(rows);
    if (done.error.length) throw new Error(JSON.stringify(done.error[0]));
  },
  // As `put`, where it is still there; says whether it was.
  async edit({ collection, id, fields }) {
    const there = await phone.find(collection, id);
    await there?.incrementalPatch(fields);
    return there !== null;
  },
  // Leaves a field out of the document, as an app does that knows no null.
  async unset({ collection, id, field }) {
    await (await phone.find(collection, id)).incrementalModify(({ [field]: _, ...rest }) => rest);
  },
  async remove({ collection, id }) {
    const there = await phone.find(collection, id);
    await there?.incrementalRemove();
    return there !== null;
  },
  sent: () => phone.sent(),
  // As its timer does, or a stream; and a moment for the answer.
  poke: () => (phone.poke(), pause(50)),
  untilLost: () => phone.untilLost(),
  // What RxDB's developer mode has against a schema; nothing, one hopes.
  check({ schema }) {
    checkSchema(schema);
  },
  async dump({ collection }) {
    return (await phone.client.db[collection].find().exec()).map((each) => each.toMutableJSON());
  },
});
