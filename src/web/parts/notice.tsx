import type { ReactNode } from "react";
import type { Tone } from "../view-model/states.ts";
import { Said } from "./texts.tsx";
import "./notice.css";

interface NoticeProps {
  readonly tone: Tone;
  readonly title: string;
  readonly children?: ReactNode;
}

/** Something that has to be known before the rest is read. */
export function Notice({ tone, title, children }: NoticeProps): ReactNode {
  return (
    <section className={`notice tone-${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <p className="notice-title">
        <Said>{title}</Said>
      </p>
      {children}
    </section>
  );
}
