/** A module without a service. */
export const answer = 42;
