import { assertEquals } from "@std/assert";
import { proveOnRequest } from "../../../runtime/agent/records/agent_proofs.ts";
import { LinkTable } from "../../../runtime/links.ts";
import { AgentConnection } from "../../../runtime/service/agent_connection.ts";
import type { Link, LinkEvents } from "../../../transports/link.ts";
import { listenTcp } from "../../../transports/tcp.ts";

const TOKEN = "the token of instance 17, which nobody else has";

/** An agent's place, where one after another listens: each has the links of its time. */
class Place {
  readonly heard: unknown[] = [];
  readonly #listener = listenTcp({ port: 0 }, (link) => this.#accept(link));
  readonly #links = new Set<Link>();
  #answer: (link: Link) => (value: unknown) => void = () => () => {};
  #waiting: ((type: unknown) => void) | undefined;

  get port(): number {
    return this.#listener.port;
  }

  /** Whoever listened before is killed, and another one listens. */
  take(answer: (link: Link) => (value: unknown) => void = () => () => {}): void {
    this.#answer = answer;
    for (const link of this.#links) link.abort("it was killed");
  }

  next(): Promise<unknown> {
    return new Promise((resolve) => this.#waiting = resolve);
  }

  close(): void {
    this.#listener.close();
    this.take();
  }

  #accept(link: Link): LinkEvents {
    this.#links.add(link);
    const received = this.#answer(link);
    return {
      received: (value) => {
        const type = typeof value === "object" && value !== null && "type" in value && value.type;
        this.heard.push(type);
        this.#waiting?.(type);
        received(value);
      },
      malformed() {},
      closed: () => void this.#links.delete(link),
    };
  }
}

/** A service that shows its token by each link that it is given. */
function connect(port: number) {
  let isOver = false;
  const ended = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<string>();
  const links: LinkTable = new LinkTable({
    dispatch: (event) => {
      if (event.kind !== "linkClosed") return;
      if (isOver) ended.resolve();
      else connection.ended(event.link);
    },
    refused() {},
  });
  const connection: AgentConnection = new AgentConnection({
    hostname: "127.0.0.1",
    port,
    serviceID: 17,
    token: TOKEN,
    firstMs: 60_000,
    links,
    linked: (link) => {
      const start = { messageID: 1, status: 200, serviceID: 17, token: TOKEN };
      links.send(link, { type: "startServiceResponse", ...start });
    },
    failed() {},
    refused: refused.resolve,
  });
  const end = () => {
    isOver = true;
    return ended.promise;
  };
  return { refused: refused.promise, end };
}

Deno.test("AgentConnection shows its token to its agent, and to no stranger", async () => {
  const place = new Place();
  const first = place.next();
  const service = connect(place.port);
  assertEquals(await first, "startServiceResponse");

  place.heard.length = 0;
  place.take((link) => () => link.send({ type: "agentProof", proof: "A".repeat(43) }));
  const refusal = "at the place of the agent: it does not prove that it is the agent";
  assertEquals(await service.refused, refusal);
  assertEquals(new Set(place.heard), new Set(["agentProofRequest"]));

  const back = Promise.withResolvers<unknown>();
  const tokenOf = (serviceID: number) => serviceID === 17 ? TOKEN : "that of another";
  place.take((link) => {
    const events = { received: back.resolve, malformed() {}, closed() {} };
    return proveOnRequest(events, { link, tokenOf }).received;
  });
  const said = await back.promise;
  assertEquals(said, {
    type: "startServiceResponse",
    messageID: 1,
    status: 200,
    serviceID: 17,
    token: TOKEN,
  });
  const ended = service.end();
  place.close();
  await ended;
});
