import { reasonOf } from "../../../protocol/errors.ts";

/** The body of a request broke while it was sent: the fault of whoever made the request. */
export class RequestBodyError extends Error {
  /** The name of the class. */
  override readonly name = "RequestBodyError";

  /** Says "Cannot <what>: …", with the error of the body as the cause. */
  constructor(what: string, cause: unknown) {
    const why = reasonOf(cause);
    super(`Cannot ${what}: the body of the request broke: ${why}`, { cause });
  }
}
