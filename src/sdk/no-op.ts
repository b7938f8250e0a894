import {
  createNoopLogger,
  createNoopMeter,
  type MeterProvider,
  ProxyTracerProvider,
  type TracerProvider,
} from "@opentelemetry/api";
import type { LoggerProviderLike } from "../lifecycle/record-log.ts";

/**
 * For signals that have no exporter. Given to Turnspan so that it does not look for globals: those of a
 * host around a plugin are none of its business.
 */
export const noTraces: TracerProvider = new ProxyTracerProvider();
export const noMetrics: MeterProvider = { getMeter: () => createNoopMeter() };
export const noLogs: LoggerProviderLike = { getLogger: () => createNoopLogger() };
