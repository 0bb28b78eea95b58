/** Tries what a sandbox should keep from it, and tells what came of it. */

const TRIES: Readonly<Record<string, (what: string) => unknown>> = {
  read: (path) => Deno.readTextFileSync(path).length,
  write: (path) => Deno.writeTextFileSync(path, "written"),
  link: (path) => Deno.symlinkSync("/", path),
  fetch: async (url) => (await (await fetch(url)).text()).length,
  run: (program) => new Deno.Command(program).outputSync().code,
  env: (name) => Deno.env.get(name) ?? null,
  environment: () => Object.keys(Deno.env.toObject()),
  import: async (path) => Object.keys(await import(path)),
  async net(address) {
    const [hostname = "", port] = address.split(":");
    const connection = await Deno.connect({ hostname, port: Number(port) });
    connection.close();
  },
};

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    try {
      const value = await TRIES[pathname.slice(1)]?.(searchParams.get("what") ?? "");
      return Response.json({ value: value ?? null });
    } catch (error) {
      return Response.json({ error: error instanceof Error ? error.name : String(error) });
    }
  },
};
