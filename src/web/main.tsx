import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { LiveUpdates } from "./data/live.tsx";
import { createQueryClient } from "./data/queries.ts";
import { Keyboard } from "./parts/keyboard.tsx";
import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the viewer");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <LiveUpdates>
        <Keyboard>
          <App />
        </Keyboard>
      </LiveUpdates>
    </QueryClientProvider>
  </StrictMode>,
);
