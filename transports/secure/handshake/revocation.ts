/**
 * Certificates that are good no more. Deno tells nobody which certificate the other end of TLS has
 * shown, only that it is for a name. So each certificate that is issued after those of its name
 * were revoked carries one name more, which says how often that was; and who knows of the
 * revocations asks for that name, by TLS of who listens, and itself of who dials.
 *
 * @module
 */

/** For each name that was revoked, the generation from which its certificates are good again. */
export type Revocations = ReadonlyMap<string, number>;

/** The generation of certificates that were never revoked. */
const FIRST = 1;

/** Why somebody is refused whose certificate is good but for that. */
export const REVOKED = "its certificate was revoked";

/** How often the certificates of one name can be revoked: each later one carries a name for it. */
export const GENERATIONS_MAX = 50;

/** The least generation whose certificates are good. */
export function goodFrom(revoked: Revocations | undefined, name: string): number {
  return revoked?.get(name) ?? FIRST;
}

/**
 * The name that all certificates of a name have from a generation on.
 *
 * @param name The name of an identity, such as `a1.agent.smmp`.
 * @param generation The generation; the first one has the name itself.
 */
export function generationName(name: string, generation: number): string {
  return generation === FIRST ? name : `${generation}.${name}`;
}

/** All names that a certificate of a generation has besides its own. */
export function generationNames(name: string, generation: number): string[] {
  const later = Array.from({ length: generation - FIRST }, (_, at) => at + FIRST + 1);
  return later.map((each) => generationName(name, each));
}

/** Whether a certificate with these names is good, as far as that name is concerned. */
export function isGood(
  names: readonly string[],
  { name, revoked }: { readonly name: string; readonly revoked: Revocations | undefined },
): boolean {
  return names.includes(generationName(name, goodFrom(revoked, name)));
}
