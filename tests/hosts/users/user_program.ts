/**
 * A user of a mesh, as a program on a host of its own: it is told by lines of JSON what to do, and
 * answers each with one.
 *
 * @module
 */

import { lines } from "../../integration/meshes/output.ts";
import { Load, type LoadOptions } from "./load.ts";

/** What it can be told. */
export type UserOrder =
  | {
    /** Send one request. */
    readonly kind: "fetch";
    /** Where to. */
    readonly url: string;
    /** With which headers. */
    readonly headers?: Readonly<Record<string, string>>;
    /** With which body; then it is a POST. */
    readonly body?: string;
    /** Whom it trusts. */
    readonly authority?: string;
    /** How long it waits. Milliseconds. */
    readonly deadlineMs: number;
  }
  | {
    /** Begin a load. */
    readonly kind: "load";
    /** Which. */
    readonly options: LoadOptions;
  }
  | {
    /** Tell of the load, or end it. */
    readonly kind: "report" | "stop";
  };

let load: Load | undefined;

async function carryOut(order: UserOrder): Promise<unknown> {
  switch (order.kind) {
    case "fetch": {
      const { url, headers = {}, body, authority, deadlineMs } = order;
      const client = Deno.createHttpClient({ caCerts: authority === undefined ? [] : [authority] });
      const init = body === undefined ? {} : { method: "POST", body };
      const signal = AbortSignal.timeout(deadlineMs);
      try {
        const response = await fetch(url, { ...init, headers, client, signal });
        return { status: response.status, text: await response.text() };
      } catch (error) {
        return { status: 0, text: String(error) };
      } finally {
        client.close();
      }
    }
    case "load":
      load = new Load(order.options);
      return {};
    case "report":
      return load?.report;
    case "stop":
      return await load?.stop();
  }
}

if (import.meta.main) {
  for await (const line of lines(Deno.stdin.readable)) {
    const { id, ...order } = JSON.parse(line);
    // One that takes long keeps none waiting.
    void carryOut(order).then((answer) => console.log(JSON.stringify({ id, answer })));
  }
}
