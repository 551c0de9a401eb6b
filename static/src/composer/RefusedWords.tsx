import type { Problem } from "../common/api.ts";
import { gettext } from "../common/gettext.ts";

/** What the server says of a change that it did not take. */
export function RefusedWords({ problem }: { problem: Problem }) {
  return (
    <>
      <p>{problem.detail ?? problem.title ?? gettext("The server refused it.")}</p>
      {problem.fix && <p>{problem.fix}</p>}
      <p>{gettext("Everything before it is saved. Your change is still here.")}</p>
      {problem.request_id && (
        <p className="form-note">
          {gettext("Request")} <code>{problem.request_id}</code>
        </p>
      )}
    </>
  );
}
