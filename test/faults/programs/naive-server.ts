// A receiver as many are: it answers first, and writes what it has gathered twice a second.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";

const { FOLDER = "" } = process.env;
const WRITE_EVERY_MS = 500;

const database = new DatabaseSync(path.join(FOLDER, "naive.db"));
database.exec("pragma journal_mode = wal; create table if not exists item (text text not null)");
const add = database.prepare("insert into item (text) values (?)");

let waiting: string[] = [];
setInterval(() => {
  const bodies = waiting;
  waiting = [];
  try {
    database.exec("begin");
    for (const body of bodies) add.run(body);
    database.exec("commit");
  } catch {
    if (database.isTransaction) database.exec("rollback");
  }
}, WRITE_EVERY_MS);

const server = createServer(async (request, response) => {
  waiting.push(await text(request));
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
