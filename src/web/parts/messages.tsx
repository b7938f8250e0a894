import { type ReactNode, useMemo } from "react";
import type { Content } from "../../server/api-trace-types.ts";
import { type Block, type Message, readMessages, titleOf } from "../view-model/conversation.ts";
import { countOf } from "../view-model/format.ts";
import { LongText, Said } from "./texts.tsx";
import "./messages.css";

/** Messages before these last ones are folded: a call repeats all that was said before. */
const SHOWN = 4;

/** What was said, asked of tools and answered by them. */
export function Messages({ content }: { readonly content: readonly Content[] }): ReactNode {
  return (
    <div className="messages">
      {content.map((piece) => (
        <Piece key={piece.attribute} piece={piece} />
      ))}
    </div>
  );
}

function Piece({ piece }: { readonly piece: Content }): ReactNode {
  const messages = useMemo(() => readMessages(piece), [piece]);
  const earlier = messages.slice(0, -SHOWN);
  return (
    <section aria-label={titleOf(piece)}>
      <h3 className="messages-source" title={piece.attribute}>
        <Said>{titleOf(piece)}</Said>
      </h3>
      {earlier.length > 0 && (
        <details className="more">
          <summary>{countOf(earlier.length, "earlier message")}</summary>
          <MessageList messages={earlier} />
        </details>
      )}
      <MessageList messages={messages.slice(-SHOWN)} />
    </section>
  );
}

const MessageList = ({ messages }: { readonly messages: readonly Message[] }): ReactNode => (
  <ol>
    {messages.map(({ role, blocks }, place) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: messages have no id, and their order is fixed.
      <li key={place} className="message" data-role={role}>
        <p className="message-role">
          <Said>{role}</Said>
        </p>
        {blocks.map((block, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above.
          <MessageBlock key={at} block={block} />
        ))}
      </li>
    ))}
  </ol>
);

const blockLabels: Readonly<Record<Block["type"], string | undefined>> = {
  text: undefined,
  reasoning: "Reasoning",
  call: "Calls",
  result: "Result",
  json: undefined,
};

function MessageBlock({ block: { type, title, text } }: { readonly block: Block }): ReactNode {
  const label = blockLabels[type];
  return (
    <div className={`block block-${type}`}>
      {label !== undefined && (
        <p className="block-label">
          {label} {title !== null && <Said>{title}</Said>}
        </p>
      )}
      {text !== "" && <LongText text={text} isCode={type !== "text" && type !== "reasoning"} />}
    </div>
  );
}
