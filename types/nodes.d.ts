/** The nodes' `ui` results, see `docs/routes.md`. */
import type { Standing } from "./server.d.ts";

export interface Iteration extends Standing {
  kind: "iteration";
  /** Images left out of the batch because files are missing that belong to them. */
  lacking: number;
  loop: string;
  directory: string;
  loop_name: string;
  complete: boolean;
  index: number;
  filename: string;
  /** In the folder. */
  path: string;
  /** What people read in place of the path. */
  title: string;
  /** How many images this prompt gave up because they could not be read. */
  unreadable: number;
  /** What to do next if the prompt fails. */
  on_error: "go" | "stop";
  /** What the batch was finished by, if nothing was handed out and that is known. */
  finished_by: FinishedBy | null;
  /** The output nodes that depend on the image but were not requested. */
  without: string[];
  /** Whether the loop's own `next` decides about Auto Queue, as no End Queue does. */
  decides: boolean;
  status: string;
}

/** What a complete batch was finished by. */
export interface FinishedBy {
  sender: "page" | "command" | "script";
  /** Seconds since the epoch. */
  at: number;
  /** Whether that is this page. */
  own: boolean;
  /** Whether it ran on this server, since its start. */
  here: boolean;
}

/** An image was handed out to be tried, which counts nothing. */
export interface Tried {
  kind: "trial";
  loop: string;
  path: string;
  title: string;
  status: string;
}

export interface Progress extends Standing {
  kind: "progress";
  /** Images left out of the batch because files are missing that belong to them. */
  lacking: number;
  loop: string;
  complete: boolean;
  status: string;
}

export interface EndQueue {
  kind: "end_queue";
  next: "go" | "stop";
  of_batch?: boolean;
}

/** A film was changed after results were made of it. */
export interface FilmChanged {
  kind: "film_changed";
  loop: string;
}

export type Said = Iteration | Tried | Progress | EndQueue | FilmChanged;

/** The `detail` of ComfyUI's `executed` event, with the pack's own part. */
export interface Executed {
  prompt_id: string;
  node: string;
  display_node?: string;
  output?: { batch_loop?: Said[] } | null;
}
