/** A dashboard's file, as far as tests look at it. */
export interface DashboardJson {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly datasource: DataSource;
  readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
  readonly targets: readonly Target[];
}

interface DataSource {
  readonly type: string;
  readonly uid: string;
}

interface Target {
  readonly datasource: DataSource;
  readonly expr?: string;
  readonly exemplar?: boolean;
  /** Of the server's API. */
  readonly url?: string;
  /** jq, from the answer to rows. */
  readonly root_selector?: string;
  readonly columns?: readonly { readonly selector: string }[];
}

export const panelsOf = (dashboard: DashboardJson): readonly Panel[] => dashboard.panels;
