/**
 * The manager of local mode, in a Web Worker of its own.
 *
 * @module
 */

import { createManagerWorker } from "../runtime/local/manager_worker.ts";
import { exposeWorker } from "../runtime/local/worker_call.ts";

exposeWorker({ ...createManagerWorker() });
