/**
 * The part of a worker that is ours: the thread is made to look like a process, then it is what a
 * process of a service is.
 *
 * @module
 */

// The order counts: what a service's process reads is put there first.
import "./thread.ts";

export { serveLoaded } from "../service/begin.ts";
