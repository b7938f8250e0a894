import {
  createNoopLogger,
  createNoopMeter,
  type MeterProvider as ApiMeterProvider,
  type TracerProvider as ApiTracerProvider,
  ProxyTracerProvider,
} from "@opentelemetry/api";
import { LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import type { LoggerProviderLike } from "../lifecycle/record-log.ts";
import { createSampler, readLogRecordLimits, readSpanLimits } from "./otel-env.ts";
import { createResource } from "./resource.ts";
import { assemble, type Parts, prepare, type TelemetryExtras } from "./telemetry.ts";
