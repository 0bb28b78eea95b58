/**
 * A service in a thread of its own: how the binary runs a bundle without a Deno beside it.
 *
 * @module
 */

import { runInstance } from "../runtime/binary/instance_thread.ts";

await runInstance();
