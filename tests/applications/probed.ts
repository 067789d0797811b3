// SPDX-License-Identifier: MIT
import type { Recorded } from "./recorded.ts";

/** What the prober writes down of a hook. */
export interface Probed extends Recorded {
  readonly xdisplay?: string | undefined;
  readonly userPrompt?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly answers: { readonly hidden: string; readonly shown: string };
}
