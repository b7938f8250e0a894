/** What a version of a store adds. A version that was released is never changed: another one follows. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

const TOTALS = (prefix: string): string =>
  [
    "model_calls",
    "tool_calls",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "nano_usd",
    "unknown_cost_calls",
  ]
    .map((name) => `${prefix}${name} integer not null default 0`)
    .join(", ");

/**
 * Spans and all that is derived. Wire times of spans and logs are nanoseconds; derived rows have microseconds,
 * which a double holds exactly. Names that are part of a key are '' where they are not known.
 */
const SPANS_1 = `
create table session (
  id integer primary key,
  public_id text not null unique,
  session_id text,
  session_key text,
  /* The session that spawned this one, and the first of that line, or itself. */
  parent integer,
  root integer not null,
  /* Made up for a trace whose spans name no session. */
  made_up integer not null default 0,
  agent text, model text, project text, repository text, branch text, user_id text,
  host text, service text, source text, title text, label text, metadata text,
  first_us integer not null,
  last_us integer not null,
  opened_us integer, opened_generation integer,
  closed_us integer, closed_generation integer, end_reason text,
  turns integer not null default 0,
  failed_turns integer not null default 0,
  running_turns integer not null default 0,
  subagents integer not null default 0,
  ${TOTALS("")}
) strict;
create index session_root on session (root);
create index session_recent on session (last_us) where parent is null;
create index session_by_id on session (session_id);
create index session_by_key on session (session_key);

create table run (
  id integer primary key,
  public_id text not null unique,
  trace_id blob not null,
  /* '' for the one turn of a trace whose spans name no run. */
  run_id text not null,
  span_id blob,
  span_rank integer not null default 9,
  session integer not null,
  kind text not null,
  parent_run_id text, label text, turn_index integer,
  agent text, provider text, model text, started_by text, channel text,
  outcome text, error_type text, error_message text,
  block_reason text, block_hook text, stop_reason text, attempts integer not null default 1,
  start_us integer not null,
  end_us integer,
  source text, input_preview text, output_preview text,
  /* Sums over the spans of its calls, and what the run's end said. */
  ${TOTALS("seen_")},
  ${TOTALS("recorded_")},
  /* Counted calls that other libraries told, and whether we were told ourselves: those count no more then. */
  foreign_calls integer not null default 0,
  own_calls integer not null default 0,
  unique (trace_id, run_id)
) strict;
create index run_session on run (session, start_us);
create index run_recent on run (start_us);
create index run_failed on run (start_us) where outcome in ('failed', 'abandoned');

create table spawn (
  child_key text primary key,
  child_run_id text,
  parent_session_id text,
  parent_session_key text,
  parent_run_id text,
  label text
) strict, without rowid;

create table origin (
  id integer primary key,
  hash blob not null unique,
  service text,
  scope_name text,
  scope_version text,
  resource text not null
) strict;

create table span (
  id integer primary key,
  trace_id blob not null,
  span_id blob not null,
  parent_span_id blob,
  run integer,
  /* Of session spans only: the others belong to it by their run. */
  session integer,
  kind text not null,
  name text not null,
  start_ns integer not null,
  end_ns integer not null,
  status integer not null,
  status_message text, error_type text,
  project text, agent text, provider text, subject text,
  input_tokens integer, output_tokens integer, cache_read_tokens integer,
  cache_write_tokens integer, reasoning_tokens integer,
  nano_usd integer, cost_source text,
  /* Of ours: a call that another library tells too is counted once. */
  own integer not null,
  counted integer not null,
  input_preview text, output_preview text,
  event_count integer not null,
  origin integer not null,
  attributes text not null,
  events text, links text,
  unique (trace_id, span_id)
) strict;
create index span_failed on span (start_ns, kind) where status = 2 and kind <> 'session';
create index span_nested on span (trace_id, parent_span_id) where kind = 'model_call' and own = 0;
create index span_loose on span (start_ns) where run is null and session is null;
create index span_session on span (session) where session is not null;

create table content (
  id integer primary key,
  hash blob not null unique,
  packed integer not null,
  body blob not null
) strict;
create table span_content (
  span integer not null,
  piece integer not null,
  part integer not null,
  attribute text not null,
  content integer not null,
  primary key (span, piece, part)
) strict, without rowid;
create index span_content_content on span_content (content);

create table log (
  id integer primary key,
  hash text not null unique,
  event text,
  time_ns integer not null,
  severity integer not null,
  trace_id blob, span_id blob,
  body text,
  attributes text not null,
  origin integer not null
) strict;
create index log_trace on log (trace_id) where trace_id is not null;
create index log_time on log (time_ns);

create table series (
  hash blob primary key,
  service text, name text not null, unit text, attributes text not null,
  time_ns integer not null, value real not null, count integer,
  signal text, reason text
) strict, without rowid;
create index series_name on series (name);

create table cost_roll (
  bucket integer not null,
  project text not null, agent text not null, provider text not null, model text not null,
  ${TOTALS("")},
  primary key (bucket, project, agent, provider, model)
) strict, without rowid;
create table turn_roll (
  bucket integer not null,
  project text not null, agent text not null, outcome text not null,
  turns integer not null default 0,
  duration_us integer not null default 0,
  primary key (bucket, project, agent, outcome)
) strict, without rowid;

/* The last audit record that the rows above know of. */
create table applied (id integer primary key check (id = 1), record integer not null) strict;
insert into applied (id, record) values (1, 0);
`;

const SPANS_2 = `
alter table session add column waits_for text;
alter table session add column waits_us integer;
`;

/** Lifecycle records, in a file of its own that is synced at each commit: what was answered is kept. */
const AUDIT_1 = `
create table record (
  id integer primary key,
  record_id text not null unique,
  event text not null,
  time_ns integer not null,
  severity integer not null,
  session_id text, session_key text, run_id text,
  trace_id blob, span_id blob,
  service text,
  body text,
  attributes text not null
) strict;
create index record_session_id on record (session_id, time_ns);
create index record_session_key on record (session_key, time_ns);
create index record_trace on record (trace_id) where trace_id is not null;
create index record_event on record (event, time_ns);
create index record_time on record (time_ns);
`;

export const spansMigrations: readonly Migration[] = [
  { version: 1, sql: SPANS_1 },
  { version: 2, sql: SPANS_2 },
];
export const auditMigrations: readonly Migration[] = [{ version: 1, sql: AUDIT_1 }];

/** Length of a rollup's bucket: every time zone's days begin at a multiple of it. */
export const BUCKET_US = 15 * 60 * 1_000_000;
