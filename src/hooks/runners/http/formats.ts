import type { HttpFormat } from "../../config/actions.ts";
import type { Button, OutgoingMessage } from "../send/outlet.ts";

/** What a receiver's own API wants: how a message is written, and what it carries. */
export interface ChatFormat {
  readonly maxCallbackBytes: number;
  /** Makes a value harmless: no mention, no link, no markup. */
  readonly escape: (value: string) => string;
  readonly body: (message: OutgoingMessage, about: ChatTarget) => object;
  /** Where it is posted, if not to the URL as it is. */
  readonly url?: (url: URL) => URL;
}

interface ChatTarget {
  readonly url: URL;
  readonly chatId: string | number | undefined;
}

const asIs = (value: string): string => value;
const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

/** Slack's three characters; mentions and links are written with `<`. */
const escapeSlack = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const escapeMarkdown = (value: string): string => value.replace(/[\\`*_~|>[\]()#<-]/g, "\\$&");

const slackButton = ({ text, callbackData }: Button, index: number): object => ({
  type: "button",
  text: { type: "plain_text", text: cut(text, 75) },
  value: callbackData,
  action_id: `turnspan_${index}`,
});

/** A row a receiver. Lengths are those that the receivers document; longer messages they refuse. */
export const httpFormats = {
  json: {
    maxCallbackBytes: 4096,
    escape: asIs,
    body: ({ text, buttons }) => ({
      text,
      buttons: buttons.map((row) =>
        row.map((button) => ({ text: button.text, callback_data: button.callbackData })),
      ),
    }),
  },
  slack: {
    maxCallbackBytes: 2000,
    escape: escapeSlack,
    body: ({ text, buttons }) => {
      const rows = buttons.map((row) => ({ type: "actions", elements: row.map(slackButton) }));
      const section = { type: "section", text: { type: "mrkdwn", text: cut(text, 3000) } };
      return rows.length === 0 ? { text } : { text, blocks: [section, ...rows] };
    },
  },
  discord: {
    maxCallbackBytes: 0,
    escape: escapeMarkdown,
    body: ({ text }) => ({ content: cut(text, 2000), allowed_mentions: { parse: [] } }),
  },
  telegram: {
    maxCallbackBytes: 64,
    escape: asIs,
    body: ({ text, buttons }, { chatId }) => {
      const keyboard = buttons.map((row) =>
        row.map((button) => ({ text: button.text, callback_data: button.callbackData })),
      );
      const message = { chat_id: chatId, text: cut(text, 4096) };
      return keyboard.length === 0
        ? message
        : { ...message, reply_markup: { inline_keyboard: keyboard } };
    },
  },
  ntfy: {
    maxCallbackBytes: 0,
    escape: asIs,
    // Its JSON goes to the server's root and names the topic, which the URL ends with.
    url: (url) => new URL(url.pathname.replace(/[^/]*\/?$/, ""), url),
    body: ({ text }, { url }) => ({
      topic: decodeURIComponent(url.pathname.split("/").filter(Boolean).at(-1) ?? ""),
      message: cut(text, 4000),
    }),
  },
  teams: {
    maxCallbackBytes: 0,
    escape: escapeMarkdown,
    body: ({ text }) => ({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          content: {
            $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
            type: "AdaptiveCard",
            version: "1.4",
            body: [{ type: "TextBlock", text: cut(text, 20_000), wrap: true }],
          },
        },
      ],
    }),
  },
} as const satisfies Record<HttpFormat, ChatFormat>;

export const formatOf = (format: HttpFormat | undefined): ChatFormat =>
  httpFormats[format ?? "json"];
