/**
 * The agent of local mode, in a Web Worker of its own.
 *
 * @module
 */

import { createAgentWorker } from "../runtime/local/agent_worker.ts";
import { exposeWorker } from "../runtime/local/worker_call.ts";

exposeWorker({ ...createAgentWorker() });
