import { gettext } from "../../common/gettext.ts";
import { openAdding } from "./canvas.ts";
import "./guide.css";
import { Icon } from "../Icon.tsx";

interface Options {
  canEdit: boolean;
  gallery: string | undefined;
  gateways: string | undefined;
  toPalette: () => void;
}

function Steps({ gallery, gateways, toPalette }: Omit<Options, "canEdit">) {
  return (
    <ol className="guide-steps">
      <li>
        <h3>{gettext("Add what there is")}</h3>
        <p>{gettext("Choose an asset type on the left, or press A and type its name.")}</p>
        <div>
          <button
            type="button"
            className="btn btn-primary"
            onClick={() => {
              openAdding({});
            }}
          >
            <Icon name="plus" />
            {gettext("Add an asset")}
          </button>
          <button type="button" className="btn" onClick={toPalette}>
            {gettext("See the types")}
          </button>
          {gallery && (
            <a className="btn" href={gallery}>
              {gettext("Start from a blueprint")}
            </a>
          )}
        </div>
      </li>
      <li>
        <h3>{gettext("Link it")}</h3>
        <p>{gettext("Drag from port to port, or select an asset and press C. Only what fits lights up.")}</p>
      </li>
      <li>
        <h3>{gettext("Bind its signals")}</h3>
        <p>
          {gettext("Each signal is read from a key of a gateway. What a gateway has sent is offered beside the asset.")}
        </p>
        {gateways && (
          <div>
            <a className="btn" href={gateways}>
              <Icon name="router" />
              {gettext("Gateways")}
            </a>
          </div>
        )}
      </li>
    </ol>
  );
}

/** What to do with a twin that has nothing yet: three steps. */
export function Guide({ canEdit, ...ways }: Options) {
  return (
    <div className="composer-guide">
      <div className="nothing guide">
        <Icon name="topology-star-3" />
        <h2>{gettext("This twin is still empty")}</h2>
        {canEdit ? (
          <Steps {...ways} />
        ) : (
          <p>{gettext("Nobody has added an asset yet, and your role does not allow you to.")}</p>
        )}
      </div>
    </div>
  );
}
