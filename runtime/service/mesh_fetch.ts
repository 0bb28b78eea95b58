/**
 * How code in a service reaches other services: `fetch("http://NAME.mesh/…")`, in any library, and
 * `plug("NAME").fetch(…)`. Every other address goes where it always went.
 *
 * @module
 */

const MESH_HOST = /^([a-z][a-z0-9-]*)\.mesh$/;

/** Sends a request to a service of the mesh. */
export type MeshFetch = (service: string, request: Request) => Promise<Response>;

let meshFetch: MeshFetch | undefined;

/** The service that a URL names, if it names one. */
export function serviceOf(url: string): string | undefined {
  if (!url.startsWith("http:") && !url.startsWith("https:")) return undefined;
  return MESH_HOST.exec(URL.parse(url)?.hostname ?? "")?.[1];
}

/** Makes the global `fetch` know the services of the mesh. Called once, by the service process. */
export function installFetch(send: MeshFetch): void {
  meshFetch = send;
  const original = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const service = serviceOf(url);
    if (service === undefined) return original(input, init);
    return send(service, new Request(input, init));
  };
}

/**
 * Sends a request to a service of the mesh by name.
 *
 * @throws {TypeError} in a process that no agent started.
 */
export function fetchService(service: string, request: Request): Promise<Response> {
  if (meshFetch === undefined) {
    const reason = "this process is not a service of a mesh";
    return Promise.reject(new TypeError(`Cannot reach "${service}": ${reason}`));
  }
  return meshFetch(service, request);
}
