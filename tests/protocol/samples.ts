/**
 * Messages made of values of every kind that a message can carry.
 *
 * @module
 */

import { assert } from "@std/assert";
import fc from "fast-check";
import { type MessageDefinition, MESSAGES, type MessageType } from "../../protocol/messages.ts";
import { type KindSamples, SAMPLES } from "./kind_samples.ts";

/** Samples for a kind. @throws when there are none. */
export function samplesOf(kind: { readonly name: string }): KindSamples {
  const samples = SAMPLES[kind.name];
  assert(samples !== undefined, `there are no samples for values of kind "${kind.name}"`);
  return samples;
}

/** Every row of the table. */
export function definitions(): [MessageType, MessageDefinition][] {
  const rows: [MessageType, MessageDefinition][] = [];
  for (const [type, definition] of Object.entries(MESSAGES)) {
    if (isType(type)) rows.push([type, definition]);
  }
  return rows;
}

function isType(type: string): type is MessageType {
  return type in MESSAGES;
}

/** A valid message: every field, or just those that it must have. */
export function sampleMessage(
  type: string,
  definition: MessageDefinition,
  options: { all: boolean },
): Record<string, unknown> {
  const message: Record<string, unknown> = { type };
  for (const [key, field] of Object.entries(definition.fields)) {
    if (options.all || !field.optional) message[key] = samplesOf(field.kind).good[0];
  }
  return message;
}

/** Valid messages of any type, with any of their optional fields. */
export function anyMessage(): fc.Arbitrary<Record<string, unknown>> {
  return fc.oneof(
    ...definitions().map(([type, { fields }]) => {
      const keys = Object.entries(fields);
      const model: Record<string, fc.Arbitrary<unknown>> = { type: fc.constant(type) };
      for (const [key, { kind }] of keys) model[key] = fc.constantFrom(...samplesOf(kind).good);
      const requiredKeys = ["type", ...keys.filter(([, f]) => !f.optional).map(([key]) => key)];
      return fc.record(model, { requiredKeys });
    }),
  );
}
