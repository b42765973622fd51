// A phone on WatermelonDB with LokiJS, opened by the client of docs/watermelondb.md and nothing else.
import { Console } from "node:console";
import loki from "@nozbe/watermelondb/adapters/lokijs/index.js";
import { addColumns, createTable, schemaMigrations } from "@nozbe/watermelondb/Schema/migrations/index.js";
import { Network, serve } from "./lines.mjs";
import { connect, listen, openDatabase } from "./guide.mjs";

globalThis.console = new Console(process.stderr); // stdout belongs to the answers
const LokiJSAdapter = loki.default;

class Phone {
  constructor({ token, schema, server, limit, listens }) {
    this.network = new Network();
    this.connection = { server, limit, token: async () => token, send: this.network.send };
    this.open(schema);
    this.deafen = listens ? listen({ ...this.connection, sync: this.sync, send: fetch }) : () => {};
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

  // The app is killed and started again, perhaps as a newer version; what it stored is there.
  async restart(schema = this.schema, migrations = this.migrations) {
    this.network.release();
    await this.syncing?.catch(() => {});
    this.migrations = migrations;
    const { loki } = this.adapter._driver;
    await new Promise((resolve) => loki.saveDatabase(resolve));
    this.open(schema, migrations, (options) => new LokiJSAdapter({ ...options, _testLokiAdapter: loki.persistenceAdapter }));
  }

  // The row, or undefined.
  async find(collection, id) {
    return this.database.get(collection).find(id).catch(() => undefined);
  }

  raws(collection) {
    return this.database.get(collection).query().fetch().then((rows) => rows.map((row) => ({ ...row._raw })));
  }

  // For the writer that is open: new rows; without an id WatermelonDB makes one.
  create(collection, rows) {
    const table = this.database.get(collection);
    return this.database.batch(rows.map(({ id, ...fields }) => table.prepareCreate((row) => {
      if (id) row._raw.id = id;
      Object.assign(row, fields);
    })));
  }
}

let phone;

serve(() => phone, {
  open: (options) => void (phone = new Phone(options)),
  restart: ({ schema }) => phone.restart(schema),
  upgrade({ schema, toVersion, steps }) {
    const made = steps.map(({ table, columns, isNew }) => (isNew ? createTable({ name: table, columns }) : addColumns({ table, columns })));
    return phone.restart(schema, schemaMigrations({ migrations: [{ toVersion, steps: made }] }));
  },
  close() {
    phone.network.release();
    phone.deafen();
  },
  put: ({ collection, id, fields }) =>
    phone.database.write(async () => {
      const there = await phone.find(collection, id);
      if (there) await there.update((row) => void Object.assign(row, fields));
      else await phone.create(collection, [{ id, ...fields }]);
    }),
  putMany: ({ collection, rows }) => phone.database.write(() => phone.create(collection, rows)),
  // As `put`, where it is still there; says whether it was.
  edit: ({ collection, id, fields }) =>
    phone.database.write(async () => {
      const there = await phone.find(collection, id);
      await there?.update((row) => void Object.assign(row, fields));
      return there !== undefined;
    }),
  remove: ({ collection, id }) =>
    phone.database.write(async () => {
      const there = await phone.find(collection, id);
      await there?.markAsDeleted();
      return there !== undefined;
    }),
  dump: ({ collection }) => phone.raws(collection),
});
