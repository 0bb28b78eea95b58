/** Counts visits in a SQLite file of its own, so a count outlives the process that made it. */
import { DatabaseSync } from "node:sqlite";

const folder = `${import.meta.dirname}/data`;
Deno.mkdirSync(folder, { recursive: true });
const database = new DatabaseSync(`${folder}/visits.sqlite`);
database.exec("CREATE TABLE IF NOT EXISTS visits (name TEXT PRIMARY KEY, count INTEGER NOT NULL)");
const add = database.prepare(
  "INSERT INTO visits VALUES (?, 1) " +
    "ON CONFLICT (name) DO UPDATE SET count = count + 1 RETURNING count",
);
const list = database.prepare("SELECT name, count FROM visits ORDER BY count DESC, name LIMIT 100");

export default {
  fetch(request: Request): Response {
    const [, collection, name] = new URL(request.url).pathname.split("/");
    if (collection !== "visits") return new Response("Not found\n", { status: 404 });
    if (request.method === "POST" && name) {
      return Response.json({ visits: add.get(decodeURIComponent(name))?.count });
    }
    return Response.json(list.all());
  },
};
