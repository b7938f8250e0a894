import { isDeepStrictEqual } from "node:util";
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  type Node,
  type ParseError,
  parse,
  parseTree,
} from "jsonc-parser";
import { CodedError } from "../../base/errors.ts";
import type { MissingSetting } from "./agent-settings.ts";
import { beforeTurnOf, CAPTURE_MARK, HOOK_PATH, nodeOf } from "./capture-script.ts";
import { type Fields, isFields, record, records, text } from "./fields.ts";

/** What is asked for of an event: a command that is run, or an address that it is posted to. */
export type CaptureEntry =
  | { readonly type: "command"; readonly command: string; readonly timeout: number }
  | { readonly type: "http"; readonly url: string; readonly timeout: number };

/** By their events. */
export type CaptureEntries = Readonly<Record<string, CaptureEntry>>;

/** A settings file as it is. */
export interface SettingsText {
  readonly file: string;
  readonly content: string;
  /** What the agent takes: `commented` JSON may have comments and trailing commas. */
  readonly json: "plain" | "commented";
}

/** Throws AGENT_SETTINGS_INVALID for what the agent itself does not take. */
function parseSettings({ file, content, json }: SettingsText): Fields {
  const errors: ParseError[] = [];
  const isCommented = json === "commented";
  const options = { allowTrailingComma: isCommented, disallowComments: !isCommented };
  const value: unknown = parse(content, errors, options);
  if (errors.length === 0 && isFields(value)) return value;
  const kind = isCommented ? "valid JSON object" : "valid JSON object, without comments";
  throw new CodedError(
    "AGENT_SETTINGS_INVALID",
    `${file} is no ${kind}, and was not touched: correct it first`,
  );
}

const isOwn = (hook: Fields): boolean =>
  text(hook["command"])?.includes(CAPTURE_MARK) === true ||
  text(hook["url"])?.includes(HOOK_PATH) === true;

/** A group that holds nothing but ours. */
const isOwnGroup = (group: Fields): boolean => {
  const hooks = records(group["hooks"]);
  return hooks.length > 0 && hooks.every(isOwn);
};

/** How a file is laid out. */
interface Layout {
  readonly indent: string;
  readonly eol: string;
}

const layoutOf = (content: string): Layout => ({
  indent: /\n([ \t]+)\S/.exec(content)?.[1] ?? "  ",
  eol: content.includes("\r\n") ? "\r\n" : "\n",
});

type Place = (string | number)[];

/** Puts a value in behind what is there, on lines of its own; nothing around it is laid out anew. */
function insert(content: string, place: Place, value: unknown, { indent, eol }: Layout): string {
  const isArrayInsertion = typeof place.at(-1) === "number";
  const margin = `${eol}${indent.repeat(place.length)}`;
  const plain = JSON.stringify(value);
  const laidOut =
    plain === "{}"
      ? `{${margin}}`
      : JSON.stringify(value, undefined, indent).replaceAll("\n", margin);
  const edits = modify(content, place, value, { isArrayInsertion }).map((edit) => ({
    ...edit,
    content: edit.content
      .replace(/^,?/, (comma) => `${comma}${margin}`)
      .replace(plain, () => laidOut),
  }));
  return applyEdits(content, edits);
}

/** Takes out what is at a place, with what tied it to its neighbours. */
function remove(content: string, place: Place): string {
  const tree = parseTree(content);
  const found = tree && findNodeAtLocation(tree, place);
  const node = found?.parent?.type === "property" ? found.parent : found;
  if (node === undefined) return content;
  const siblings = node.parent?.children ?? [];
  const at = siblings.indexOf(node);
  const [before, behind] = [siblings[at - 1], siblings[at + 1]];
  const start = before === undefined ? node.offset : endOf(before);
  const end = before === undefined && behind !== undefined ? behind.offset : endOf(node);
  return content.slice(0, start) + content.slice(end);
}

const endOf = ({ offset, length }: Node): number => offset + length;

/** The entries of ours in a settings file, by their events. */
function ownEntries(settings: SettingsText): { readonly event: string; readonly hook: Fields }[] {
  const hooks = record(parseSettings(settings)["hooks"]);
  return Object.entries(hooks).flatMap(([event, groups]) =>
    records(groups)
      .flatMap((group) => records(group["hooks"]))
      .filter(isOwn)
      .map((hook) => ({ event, hook })),
  );
}

/** The form that our entries have: the server that they post to, and what prompts wait for. */
export function findForm(settings: SettingsText) {
  const hooks = ownEntries(settings).map(({ hook }) => hook);
  const [commands, urls] = [
    hooks.map((hook) => text(hook["command"])),
    hooks.map((hook) => text(hook["url"])),
  ];
  const first = <Found>(found: readonly (Found | undefined)[]) =>
    found.find((each) => each !== undefined);
  return {
    hookUrl: first(urls)?.split(HOOK_PATH)[0],
    beforeTurn: first(hooks.map((_, at) => beforeTurnOf(commands[at], urls[at]))),
    node: first(commands.map(nodeOf)),
  };
}

/** Whether a settings file has just these entries of ours. */
export function hasEntries(settings: SettingsText, entries: CaptureEntries): boolean {
  const own = ownEntries(settings);
  const isWanted = ({ event, hook }: (typeof own)[number]): boolean =>
    isDeepStrictEqual(hook, entries[event]);
  return own.length === Object.keys(entries).length && own.every(isWanted);
}

/** Adds our entries, behind what is there; everything else stays byte for byte. */
export function addEntries(settings: SettingsText, entries: CaptureEntries): string {
  let edited = removeEntries(settings);
  const layout = layoutOf(settings.content);
  if (!isFields(record(parse(edited))["hooks"])) edited = insert(edited, ["hooks"], {}, layout);
  for (const [event, entry] of Object.entries(entries)) {
    const group = { hooks: [entry] };
    const groups = record(record(parse(edited))["hooks"])[event];
    edited = Array.isArray(groups)
      ? insert(edited, ["hooks", event, groups.length], group, layout)
      : insert(edited, ["hooks", event], [group], layout);
  }
  return edited;
}

/** Adds a setting that is missing. */
export function addMissing(settings: SettingsText, missing: MissingSetting | undefined): string {
  const { content } = settings;
  if (missing?.isMissing(parseSettings(settings)) !== true) return content;
  return insert(content, [...missing.place], missing.value, layoutOf(content));
}

/** Takes out a setting that `addMissing` has added to what was there `before`, if it still is as it was then. */
export function removeMissing(
  settings: SettingsText,
  missing: MissingSetting | undefined,
  before: string,
): string {
  const { content } = settings;
  if (missing?.isMissing(record(parse(before))) !== true) return content;
  const tree = parseTree(content);
  const node = tree && findNodeAtLocation(tree, [...missing.place]);
  return node?.value === missing.value ? remove(content, [...missing.place]) : content;
}

/** Removes our entries, and what they leave empty. */
export function removeEntries(settings: SettingsText): string {
  const { content } = settings;
  const hooks = record(parseSettings(settings)["hooks"]);
  let edited = content;
  for (const [event, value] of Object.entries(hooks)) {
    const groups = records(value);
    const own = groups.flatMap((group, index) => (isOwnGroup(group) ? [index] : []));
    if (own.length === 0) continue;
    if (own.length === groups.length) edited = remove(edited, ["hooks", event]);
    else for (const index of own.reverse()) edited = remove(edited, ["hooks", event, index]);
  }
  const isEmpty =
    edited !== content && Object.keys(record(record(parse(edited))["hooks"])).length === 0;
  return isEmpty ? remove(edited, ["hooks"]) : edited;
}
