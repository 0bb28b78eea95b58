/**
 * What a command of the command line is described by, and the types that follow from it.
 *
 * @module
 */

import type { Address } from "../../distributed/address.ts";
import type { IdentityRole } from "../../../transports/secure/identity.ts";

/** What each type of argument and flag is read into. */
export interface ValueTypes {
  /** A flag without a value. */
  boolean: boolean;
  /** Any text that is not empty. */
  text: string;
  /** A name or an address without scheme and port. */
  host: string;
  /** An http or https URL. */
  url: string;
  /** An HTTP method, in upper case. */
  method: string;
  /** The path of a request, which starts with a slash. */
  path: string;
  /** A TCP port; 0 lets the system choose one. */
  port: number;
  /** How many, at least one. */
  count: number;
  /** The number of an instance or a connection. */
  id: number;
  /** A moment, in milliseconds since 1970; written as a time, or as how long ago. */
  moment: number;
  /** How long, in milliseconds; written with a unit. */
  duration: number;
  /** Header fields; the flag may be given several times. */
  headers: readonly Header[];
  /** Names and addresses of hosts; the flag may be given several times. */
  hosts: readonly string[];
  /** A role that certificates are issued for. */
  role: IdentityRole;
  /** `HOST:PORT`. */
  address: Address;
  /** `HOST:PORT`, or `NAME@HOST:PORT` where it matters who is there. */
  peer: Peer;
  /** `HOST:PORT` of a manager, or the URL of its admin API. */
  manager: Address | URL;
  /** By what instances are sorted. */
  order: PsOrder;
  /** Labels of a host, `NAME=VALUE`; the flag may be given several times. */
  labels: readonly Label[];
  /** Addresses and ranges, separated by commas; the flag may be given several times. */
  networks: readonly string[];
}

/** By what instances are sorted. */
export type PsOrder = "memory" | "cpu";

/** The name and the value of a label. */
export type Label = readonly [name: string, value: string];

/** A role of another process. */
export interface Peer extends Address {
  /** Its name, if it is told. */
  readonly name: string | undefined;
}

/** The name and the value of a header field. */
export type Header = readonly [name: string, value: string];

/** Types whose flags may be given several times. */
export type ListType = "headers" | "hosts" | "labels" | "networks";

/** A type of argument or flag. */
export type ValueType = keyof ValueTypes;

/** Any value of an argument or flag. */
export type Value = ValueTypes[ValueType];

/** What an argument is. */
export interface ArgumentSpec {
  /** How it is written in the usage line, such as `SERVICE`. */
  readonly label: string;
  /** What it is read into. */
  readonly type: ValueType;
  /** One line of help. */
  readonly doc: string;
  /** Whether it may be left out. */
  readonly optional?: true;
}

/** What a flag is. It may always be left out. */
export interface FlagSpec {
  /** How its value is written in the help, such as `URL`; none for a boolean. */
  readonly label?: string;
  /** What it is read into. */
  readonly type: ValueType;
  /** One line of help. */
  readonly doc: string;
  /** What it is when it is left out. */
  readonly default?: string | number;
}

/** What a command is. */
export interface CommandSpec {
  /** What a shell types to run it. */
  readonly invocation: string;
  /** One line of help. */
  readonly summary: string;
  /** Its arguments by name, in the order in which they are written. */
  readonly arguments: Readonly<Record<string, ArgumentSpec>>;
  /** Its flags by name, without the dashes. */
  readonly flags: Readonly<Record<string, FlagSpec>>;
}

/** The values of arguments that are described by `Specs`. */
export type ArgumentValues<Specs extends CommandSpec["arguments"]> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { optional: true }
    ? ValueTypes[Specs[Name]["type"]] | undefined
    : ValueTypes[Specs[Name]["type"]];
};

/** The values of flags that are described by `Specs`. */
export type FlagValues<Specs extends CommandSpec["flags"]> = {
  readonly [Name in keyof Specs]: Specs[Name] extends
    { default: unknown } | { type: "boolean" | ListType } ? ValueTypes[Specs[Name]["type"]]
    : ValueTypes[Specs[Name]["type"]] | undefined;
};
