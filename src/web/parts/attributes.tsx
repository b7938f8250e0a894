import type { ReactNode } from "react";
import type { Attribute, AttributeValue } from "../../server/api-types.ts";
import { LongText, Said } from "./texts.tsx";
import "./attributes.css";

const toText = (value: AttributeValue): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** Names and values as they were sent. A name may stand there twice. */
export function Attributes({ pairs }: { readonly pairs: readonly Attribute[] }): ReactNode {
  if (pairs.length === 0) return <p className="faint">none</p>;
  return (
    <dl className="attributes">
      {pairs.map(([name, value], place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: names of others need not be unique.
        <div key={place}>
          <dt>
            <Said>{name === "" ? "(no name)" : name}</Said>
          </dt>
          <dd>
            <LongText text={toText(value)} isCode />
          </dd>
        </div>
      ))}
    </dl>
  );
}
