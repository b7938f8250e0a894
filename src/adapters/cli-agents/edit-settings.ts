import { applyEdits, type FormattingOptions, modify, type ParseError, parse } from "jsonc-parser";
import { CodedError } from "../../base/errors.ts";
import { CAPTURE_MARK } from "./capture-script.ts";
import { type Fields, isFields, record, records, text } from "./fields.ts";

/** What is asked for of each event. */
export interface CaptureEntry {
  readonly command: string;
  readonly timeout: number;
}

/** Throws AGENT_SETTINGS_INVALID for what is no JSON object; comments and trailing commas are none of ours. */
function parseSettings(file: string, content: string): Fields {
  const errors: ParseError[] = [];
  const value: unknown = parse(content, errors, { allowTrailingComma: true });
  if (errors.length === 0 && isFields(value)) return value;
  throw new CodedError(
    "AGENT_SETTINGS_INVALID",
    `${file} is no valid JSON object, and was not touched: correct it first`,
  );
}

const isOwn = (hook: Fields): boolean => text(hook["command"])?.includes(CAPTURE_MARK) === true;

/** A group that holds nothing but ours. */
const isOwnGroup = (group: Fields): boolean => {
  const hooks = records(group["hooks"]);
  return hooks.length > 0 && hooks.every(isOwn);
};

function formattingOf(content: string): FormattingOptions {
  const indent = /\n([ \t]+)\S/.exec(content)?.[1] ?? "  ";
  const eol = content.includes("\r\n") ? "\r\n" : "\n";
  return { insertSpaces: !indent.startsWith("\t"), tabSize: indent.length, eol };
}

const change = (
  content: string,
  place: (string | number)[],
  value: unknown,
  isArrayInsertion = false,
): string =>
  applyEdits(
    content,
    modify(content, place, value, {
      formattingOptions: formattingOf(content),
      isArrayInsertion,
    }),
  );

/** The events that a settings file has our entry for, as it is to be. */
export function findInstalled(file: string, content: string, entry: CaptureEntry): string[] {
  const hooks = record(parseSettings(file, content)["hooks"]);
  return Object.keys(hooks).filter((event) =>
    records(hooks[event]).some((group) =>
      records(group["hooks"]).some(
        (hook) => hook["command"] === entry.command && hook["timeout"] === entry.timeout,
      ),
    ),
  );
}

/** Adds our entry to each event, behind what is there; everything else stays byte for byte. */
export function addEntries(
  file: string,
  content: string,
  events: readonly string[],
  entry: CaptureEntry,
): string {
  const group = { hooks: [{ type: "command", ...entry }] };
  let edited = removeEntries(file, content);
  for (const event of events) {
    const groups = record(record(parse(edited))["hooks"])[event];
    edited = Array.isArray(groups)
      ? change(edited, ["hooks", event, groups.length], group, true)
      : change(edited, ["hooks", event], [group]);
  }
  return edited;
}

/** Removes our entries, and what they leave empty. */
export function removeEntries(file: string, content: string): string {
  const hooks = record(parseSettings(file, content)["hooks"]);
  let edited = content;
  for (const [event, value] of Object.entries(hooks)) {
    const groups = records(value);
    const own = groups.flatMap((group, index) => (isOwnGroup(group) ? [index] : []));
    if (own.length === 0) continue;
    if (own.length === groups.length) edited = change(edited, ["hooks", event], undefined);
    else
      for (const index of own.reverse())
        edited = change(edited, ["hooks", event, index], undefined);
  }
  const isEmpty =
    edited !== content && Object.keys(record(record(parse(edited))["hooks"])).length === 0;
  return isEmpty ? change(edited, ["hooks"], undefined) : edited;
}
