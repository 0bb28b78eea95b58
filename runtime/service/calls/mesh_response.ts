/**
 * The response of a service, as a program gets it from `fetch`: with the address that it came from
 * and the text of its status, which no constructor takes, and with its length, which a session does
 * not carry. All of it is made when somebody asks for it, which is seldom.
 *
 * @module
 */

import { initOf, tellLength } from "../../sessions/parts/parts.ts";
import type { ResponseParts } from "../../sessions/session.ts";
import { statusTextOf } from "./status_texts.ts";

/** Makes a response. */
type ResponseClass = new (url: string, parts: ResponseParts) => Response;

let meshResponseClass: ResponseClass | undefined;

/** Whoever names `Response` for the first time loads it; a start does not need to wait for that. */
function makeClass(): ResponseClass {
  class MeshResponse extends Response {
    readonly #url: string;
    readonly #bodyBytes: number | undefined;
    #knowsLength = false;

    constructor(url: string, parts: ResponseParts) {
      super(parts.body, initOf(parts));
      this.#url = url;
      this.#bodyBytes = parts.bodyBytes;
    }

    override get url(): string {
      return this.#url;
    }

    override get statusText(): string {
      return statusTextOf(this.status);
    }

    override get headers(): Headers {
      const headers = super.headers;
      if (!this.#knowsLength && this.#bodyBytes !== undefined) tellLength(headers, this.#bodyBytes);
      // Whoever removes it afterwards shall not find it again.
      this.#knowsLength = true;
      return headers;
    }
  }

  // Programs that look at the name of its class shall find what they expect.
  return Object.defineProperty(MeshResponse, "name", { value: "Response" });
}

/** Makes the response to a request for a URL. */
export function meshResponse(url: string, parts: ResponseParts): Response {
  meshResponseClass ??= makeClass();
  return new meshResponseClass(url, parts);
}
