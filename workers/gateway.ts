/**
 * The gateway of local mode, in a Web Worker of its own.
 *
 * @module
 */

import { createGatewayWorker } from "../runtime/local/gateway_worker.ts";
import { exposeWorker } from "../runtime/local/worker_call.ts";

exposeWorker({ ...createGatewayWorker() });
