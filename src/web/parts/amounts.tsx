import type { ReactNode } from "react";
import type { CostTotals } from "../../server/api-report-types.ts";
import {
  countOf,
  DASH,
  formatCount,
  formatShare,
  formatTokens,
  formatUsd,
} from "../view-model/format.ts";

/** Money; its exact value in nano-dollars is in the page too. */
export function Money({ nanoUsd }: { readonly nanoUsd: number | null }): ReactNode {
  if (nanoUsd === null) return <span className="number">{DASH}</span>;
  return (
    <data className="number money" value={nanoUsd} title={`$${(nanoUsd / 1e9).toFixed(9)}`}>
      {formatUsd(nanoUsd)}
    </data>
  );
}

type Priced = Pick<CostTotals, "nanoUsd" | "modelCalls" | "unknownCostCalls">;

/** A sum of calls, with those whose price is not known said beside it. */
export function Cost({ of }: { readonly of: Priced }): ReactNode {
  const { nanoUsd, modelCalls, unknownCostCalls } = of;
  if (modelCalls === 0 && nanoUsd === 0) return <Money nanoUsd={null} />;
  if (unknownCostCalls === 0) return <Money nanoUsd={nanoUsd} />;
  if (unknownCostCalls >= modelCalls && nanoUsd === 0) {
    return (
      <span
        className="unpriced"
        title={`${countOf(unknownCostCalls, "call")} whose cost is not known`}
      >
        unknown
      </span>
    );
  }
  return (
    <span className="cost">
      <Money nanoUsd={nanoUsd} />{" "}
      <span className="unpriced">+ {formatCount(unknownCostCalls)} unpriced</span>
    </span>
  );
}

type Tokens = Pick<CostTotals, "inputTokens" | "outputTokens" | "cacheReadTokens">;

/** Tokens in and out. */
export function TokenFlow({ of }: { readonly of: Tokens }): ReactNode {
  const { inputTokens, outputTokens } = of;
  if (inputTokens === 0 && outputTokens === 0) return <span className="number">{DASH}</span>;
  const title = `${formatCount(inputTokens)} tokens in, ${formatCount(outputTokens)} out`;
  return (
    <span className="number" title={title}>
      {formatTokens(inputTokens)}
      <span className="faint"> in </span>
      {formatTokens(outputTokens)}
      <span className="faint"> out</span>
    </span>
  );
}

/** Calls of models and of tools. */
export function CallCounts({
  of,
}: {
  readonly of: { readonly modelCalls: number; readonly toolCalls: number };
}): ReactNode {
  return (
    <>
      {formatCount(of.modelCalls)}
      <span className="faint"> model </span>
      {formatCount(of.toolCalls)}
      <span className="faint"> tool</span>
    </>
  );
}

/** How much of the input came from a cache. */
export const cachedShare = ({ cacheReadTokens, inputTokens }: Tokens): string =>
  cacheReadTokens === 0 ? "nothing cached" : `${formatShare(cacheReadTokens, inputTokens)} cached`;

/** Said wherever money is summed. */
export const PRICE_NOTE = "API list price; your plan may bill differently";
