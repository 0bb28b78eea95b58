/**
 * How the files of a service look, so that what was loaded before an edit is not used after it.
 *
 * @module
 */

import type { ServiceConfig } from "../../config/mesh_config.ts";
import { ownPlace } from "../../config/service_files.ts";
import { isHidden, lookOfFile } from "../repository/repository_version.ts";

/** Files that are looked at; of a service with more the rest may change unseen. About 5 µs each. */
const FILES_MAX = 200;

/** A text that is another one when a file of a service, or a secret that it gets, was written. */
export function lookOf({ entry, secrets = {} }: ServiceConfig): string {
  const paths: string[] = [entry, ...Object.values(secrets)];
  const place = ownPlace(entry);
  if (place !== entry) collect(place, paths);
  return paths.map(statusOf).join("\n");
}

function collect(folder: string, paths: string[]): void {
  try {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
      if (isHidden(name) || paths.length >= FILES_MAX) continue;
      if (isDirectory) collect(`${folder}/${name}`, paths);
      else if (isFile) paths.push(`${folder}/${name}`);
    }
  } catch {
    // What can't be listed has no part in it.
  }
}

function statusOf(path: string): string {
  try {
    return `${path} ${lookOfFile(Deno.statSync(path))}`;
  } catch {
    // It is gone, which is another look.
    return path;
  }
}
