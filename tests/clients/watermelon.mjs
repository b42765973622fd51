// A phone on WatermelonDB with LokiJS, opened by the client of docs/watermelondb.md and nothing else.
import { Console } from "node:console";
import loki from "@nozbe/watermelondb/adapters/lokijs/index.js";
import { addColumns, createTable, schemaMigrations } from "@nozbe/watermelondb/Schema/migrations/index.js";
import { Network, serve } from "./lines.mjs";
import { connect, openDatabase } from "./guide.mjs";

globalThis.console = new Console(process.stderr); // stdout belongs to the answers
const LokiJSAdapter = loki.default;

class Phone {
  constructor({ token, schema, server, limit }) {
    this.network = new Network();
    this.connection = { server, limit, token: async () => token, send: (url, how) => this.send(url, how) };
    this.asked = [];
    this.open(schema);
  }

  open(schema, migrations, make = (options) => new LokiJSAdapter(options)) {
    const adapter = (schema) => {
      this.adapter = make({ schema, migrations, useWebWorker: false, useIncrementalIndexedDB: true, extraLokiOptions: { autosave: false } });
      return this.adapter;
    };
    this.schema = schema;
    this.database = openDatabase({ schema, adapter });
    const migrationsEnabledAtVersion = migrations && 1;
    this.sync = connect({ ...this.connection, database: this.database, migrationsEnabledAtVersion });
  }

  async send(url, how) {
    this.asked.push(`${how.method} ${new URL(url).pathname.split("/").at(-1)}`);
    const answer = await this.network.send(url, how);
    await this.meanwhile?.(how.method, url);
    return answer;
  }

  // The app is killed and started again, perhaps as a newer version; what it stored is there.
  async restart(schema = this.schema, migrations = undefined) {
    const { loki } = this.adapter._driver;
    await new Promise((resolve) => loki.saveDatabase(resolve));
    this.open(schema, migrations, (options) => new LokiJSAdapter({ ...options, _testLokiAdapter: loki.persistenceAdapter }));
  }

  async record(collection, id) {
    return this.database.get(collection).find(id);
  }

  raws(collection) {
    return this.database.get(collection).query().fetch().then((rows) => rows.map((row) => ({ ...row._raw })));
  }
}

let phone;

serve({
  open: (options) => void (phone = new Phone(options)),
  restart: ({ schema }) => phone.restart(schema),
  upgrade({ schema, toVersion, steps }) {
    const made = steps.map(({ table, columns, isNew }) => (isNew ? createTable({ name: table, columns }) : addColumns({ table, columns })));
    return phone.restart(schema, schemaMigrations({ migrations: [{ toVersion, steps: made }] }));
  },
  create: ({ collection, rows }) =>
    phone.database.write(async () => {
      const table = phone.database.get(collection);
      await phone.database.batch(rows.map(({ id, ...fields }) => table.prepareCreate((row) => {
        if (id) row._raw.id = id;
        Object.assign(row, fields);
      })));
    }),
  update: ({ collection, id, fields }) =>
    phone.database.write(async () => {
      const record = await phone.record(collection, id);
      await record.update((row) => void Object.assign(row, fields));
    }),
  remove: ({ collection, id }) => phone.database.write(async () => (await phone.record(collection, id)).markAsDeleted()),
  network: (how) => phone.network.set(how),
  lost: () => phone.network.lost,
  sync: () => phone.sync(),
  // The server hears the nth request from now on, and its answer does not arrive.
  async syncLosing({ nth }) {
    const network = phone.network.send;
    let sent = 0;
    phone.network.send = async (url, how) => {
      const answer = await network(url, how);
      if (++sent === nth) throw new Error("the answer was lost");
      return answer;
    };
    try {
      await phone.sync();
    } catch (fault) {
      return `${fault.message}`;
    } finally {
      phone.network.send = network;
    }
    throw new Error(`only ${sent} requests were sent`);
  },
  asked: () => phone.asked.splice(0),
  dump: ({ collection }) => phone.raws(collection),
});
