import type { Rate, RateKind } from "../../pricing/cost.ts";
import { isValidAt, type PriceOffer } from "../../pricing/price-offer.ts";
import { toUserOffer } from "../../pricing/user-offers.ts";
import { shellWord } from "../shell-word.ts";
import { findEndMs, type PriceOverview, type PriceQuestion } from "./price-question.ts";

/** Per kind: its name, and where its tokens are charged when it has no rate. */
const kindTexts: Readonly<Record<RateKind, readonly [name: string, fallback: string]>> = {
  input: ["input", "no rate"],
  cacheRead: ["cache read", "as input"],
  cacheWrite: ["cache write", "as input"],
  cacheWrite1h: ["cache write, 1 h", "as cache write"],
  output: ["output", "no rate"],
  reasoning: ["reasoning", "as output"],
  request: ["each request", ""],
};

const notice = "API list price; your plan may bill differently.\n";

/** Says which price applies to a model, from where and when, or how to add one. */
export function priceText(question: PriceQuestion): string {
  const { offer, model, at } = question;
  if (offer?.card === undefined) return unknownText(question);
  return [
    `${model} on ${timeText(at)}\n`,
    `Source: ${sourceText(offer, question)}\n`,
    `Holds: ${validityText(offer, question.offers)}\n\n`,
    ratesText(offer.card.rates),
    offer.otherUnits.length > 0 ? `\nNot counted: ${offer.otherUnits.join(", ")}\n` : "",
    othersText(question),
    `\n${notice}`,
  ].join("");
}

/** Lists the user's own prices, and the library's version and size. */
export function overviewText({ book, userFile, library }: PriceOverview): string {
  const own = book.userEntries.map((entry) => {
    const offer = toUserOffer(entry);
    const provider = entry.provider === undefined ? "" : ` (${entry.provider})`;
    return `  ${entry.model}${provider}: ${briefRates(offer)}; ${validityText(offer, [])}\n`;
  });
  return [
    `Your prices (${userFile ?? "no home folder"}):${own.length > 0 ? "" : " none"}\n`,
    ...own,
    `Built in: ${libraryText(library.version)}, ${library.modelCount} models\n`,
  ].join("");
}

function unknownText(question: PriceQuestion): string {
  const { model, provider, offer, elsewhere, at } = question;
  const where = provider === undefined ? "" : ` at provider ${provider}`;
  const option = provider === undefined ? "" : ` --provider ${shellWord(provider)}`;
  const reason =
    offer === undefined
      ? `No price is known for ${model}${where} on ${timeText(at)}.\n`
      : `${model} has a price in ${sourceText(offer, question)}, but not by tokens: ${offer.otherUnits.join(", ")}.\n`;
  const hint =
    elsewhere?.provider === undefined || elsewhere.card === undefined
      ? ""
      : `It has one at provider ${elsewhere.provider}: turnspan prices show ${shellWord(model)} --provider ${shellWord(elsewhere.provider)}\n`;
  return [
    reason,
    hint,
    "Its cost is shown as unknown. Add a price in US dollars per million tokens:\n",
    `  turnspan prices add ${shellWord(model)}${option} --input USD --output USD\n`,
    othersText(question),
  ].join("");
}

function ratesText(rates: readonly Rate[]): string {
  if (rates.length === 0) return "Free of charge\n";
  const kinds = Object.keys(kindTexts) as RateKind[];
  const rows = kinds
    .map((kind) => [kindTexts[kind][0], rateText(kind, rates)])
    .filter(([, text]) => text !== "");
  return [
    "USD per million tokens\n",
    ...rows.map(([name = "", text]) => `  ${name.padEnd(18)}${text}\n`),
  ].join("");
}

function rateText(kind: RateKind, rates: readonly Rate[]): string {
  const rate = rates.find((candidate) => candidate.kind === kind);
  if (rate === undefined) return kindTexts[kind][1];
  if (kind === "request") return `${usdText(rate.usd / 1000)} USD`;
  const tiers = rate.tiers.map(
    (tier) =>
      `; ${usdText(tier.usd)} above ${tier.aboveInputTokens.toLocaleString("en")} input tokens`,
  );
  return `${usdText(rate.usd)}${tiers.join("")}`;
}

function othersText(question: PriceQuestion): string {
  const others = question.offers.filter((offer) => offer !== question.offer);
  if (others.length === 0) return "";
  const rows = others.map((offer) => `  ${otherText(offer, question)}\n`);
  return `\nOther prices of this model:\n${rows.join("")}`;
}

function otherText(offer: PriceOffer, question: PriceQuestion): string {
  const hidden = isValidAt(offer.validity, question.at) ? "not used, " : "";
  return `${validityText(offer, question.offers)}: ${briefRates(offer)} (${hidden}${sourceText(offer, question)})`;
}

function briefRates({ card }: PriceOffer): string {
  if (card === undefined) return "not by tokens";
  if (card.rates.length === 0) return "free of charge";
  const rates = card.rates.filter(({ kind }) => kind !== "request");
  return rates.map(({ kind, usd }) => `${kindTexts[kind][0]} ${usdText(usd)}`).join(", ");
}

function sourceText(offer: PriceOffer, question: PriceQuestion): string {
  const entry = offer.provider === undefined ? offer.model : `${offer.provider}/${offer.model}`;
  if (offer.source === "user") return `your file ${question.userFile ?? ""}, entry ${entry}`;
  return `${libraryText(question.libraryVersion)}, entry ${entry}`;
}

function libraryText(version: string | undefined): string {
  return version === undefined ? "genai-prices" : `genai-prices ${version}`;
}

function validityText(offer: PriceOffer, offers: readonly PriceOffer[]): string {
  const { fromMs, dailyUtc } = offer.validity;
  const untilMs = findEndMs(offer, offers);
  const texts = [
    ...(fromMs === undefined ? [] : [`from ${timeText(fromMs)}`]),
    ...(untilMs === undefined ? [] : [`until ${timeText(untilMs)}`]),
    ...(dailyUtc === undefined
      ? []
      : [`daily ${clockText(dailyUtc.fromSecond)}–${clockText(dailyUtc.untilSecond)} UTC`]),
  ];
  return texts.join(" ") || "always";
}

/** Without float noise: the data holds numbers such as 0.18000000000000002. */
function usdText(usd: number): string {
  return String(Number(usd.toPrecision(12)));
}

function timeText(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace(/T00:00:00\.000Z$/, "")
    .replace(/\.\d+Z$/, "Z");
}

function clockText(second: number): string {
  return new Date(second * 1000).toISOString().slice(11, 16);
}
