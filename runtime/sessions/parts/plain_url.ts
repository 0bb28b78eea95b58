/**
 * URLs in which there is nothing to normalize, which is nearly every one. To match a pattern takes
 * less time than the parser of the platform.
 *
 * @module
 */

/**
 * Matches a URL that a parser would leave as it is, in three groups: the host with its port, the
 * path, and the query with its question mark. None has a segment of dots, a `%` in the path, a
 * character that would be encoded, a port that would be left out or an address in an odd form.
 */
export const PLAIN_URL = new RegExp(
  "^http://((?:(?:[a-z0-9-]+[.])*[a-z][a-z0-9-]*|[1-9]\\d{0,2}(?:[.](?:0|[1-9]\\d{0,2})){3})" +
    "(?::(?!80/)[1-9]\\d{0,4})?)" +
    "((?:/(?![.]{1,2}(?:[/?]|$))[\\w.~!$&()*+,;=:@-]*)+)" +
    "([?][\\w.~!$&()*+,;=:@/?%-]*)?$",
);
