/**
 * What every command that runs for long does with its process: it ends softly by a signal, and
 * serves on when a promise fails that nobody waits for.
 *
 * @module
 */

import { reasonOf } from "../../protocol/errors.ts";
import { clockMs } from "../host.ts";

/** The exit code after a second Ctrl-C, as shells have it for SIGINT. */
const INTERRUPTED_EXIT_CODE = 130;

/**
 * One Ctrl-C comes twice under `deno task`: from the terminal, and passed on by the task runner.
 * What comes this soon after the first is the same. Milliseconds.
 */
const SAME_PRESS_MS = 500;

/** What signals do. */
export interface SignalOptions {
  /** A soft end is asked for. */
  readonly stopping: () => void;
  /** Ends at once what must not be left over; the process ends when it has, whatever came of it. */
  readonly kill: () => Promise<void>;
}

/** The signals of a process, as they are followed. */
export interface Signals {
  /** Resolves when a soft end is asked for. */
  readonly asked: Promise<void>;
  /** Follows them no more. */
  ignore(): void;
}

/** The first signal asks for a soft end; the second ends the process as soon as all is killed. */
export function listenForSignals({ stopping, kill }: SignalOptions): Signals {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let askedMs: number | undefined;
  const onSignal = () => {
    if (askedMs === undefined) {
      askedMs = clockMs();
      stopping();
      return resolve();
    }
    if (clockMs() - askedMs < SAME_PRESS_MS) return;
    void kill().finally(() => Deno.exit(INTERRUPTED_EXIT_CODE));
  };
  const signals: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, onSignal);
  return {
    asked,
    ignore: () => signals.forEach((signal) => Deno.removeSignalListener(signal, onSignal)),
  };
}

/** A promise that nobody waits for must not end what serves users. */
export function surviveRejections(warn: (text: string) => void): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    warn(`Cannot handle an error: ${reasonOf(event.reason)}`);
  });
}
