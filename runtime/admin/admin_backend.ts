/**
 * What the admin API needs of the mesh.
 *
 * @module
 */

import type { Fact } from "../../roles/manager/memory/facts.ts";
import type { Registry } from "../../roles/manager/memory/registry.ts";
import type { ManagerCommand } from "../../roles/manager/state.ts";
import type { Store } from "../store/store.ts";
import type { ManagerNow } from "./views/registry_view.ts";
import type { OutputSource } from "../output/log_stream.ts";
import type { TapSource } from "../tap/message_taps.ts";
import type { OutcomeView, RefusalView } from "./views/view.ts";

/** The manager, as the admin API sees it. */
export interface AdminBackend {
  /** When the manager was started. Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Where the mesh takes requests. */
  readonly gatewayUrl?: string | undefined;
  /** The history. */
  readonly store: Store;
  /** What the manager knows now; it is only read. */
  registry(): Registry;
  /** What it knows beside that, and keeps nowhere. @default {nothing is known} */
  now?(): ManagerNow;
  /** What was refused so far. */
  refusals(): readonly RefusalView[];
  /** Carries out a command; resolves when it is done or refused. */
  command(command: ManagerCommand): Promise<OutcomeView>;
  /** Calls a listener with facts once they are recorded; returns how to end that. */
  subscribe(listener: (facts: readonly Fact[]) => void): () => void;
  /** Asks agents for what instances wrote. */
  readonly output: OutputSource;
  /** Where the messages of the manager are watched. */
  readonly taps: TapSource;
  /** Whether the mesh takes requests. */
  ready(): boolean;
  /** Why the manager takes no new work now; undefined while it does. @default {undefined} */
  problem?(): string | undefined;
}
