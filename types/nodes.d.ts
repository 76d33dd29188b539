/** What the nodes say in their `ui` results, see `docs/routes.md`. */

export interface Iteration {
  kind: "iteration";
  loop: string;
  directory: string;
  loop_name: string;
  complete: boolean;
  index: number;
  total: number;
  done: number;
  failed: number;
  filename: string;
  error_handling: string;
  finished: number;
  watch: boolean;
  /** The output nodes that depend on the image, and that nobody has asked for. */
  without: string[];
  status: string;
}

export interface Progress {
  kind: "progress";
  loop: string;
  complete: boolean;
  status: string;
  done: number;
  failed: number;
  total: number;
  watch: boolean;
  waiting: boolean;
}

export interface EndQueue {
  kind: "end_queue";
  stop: boolean;
  of_batch?: boolean;
}

export type Said = Iteration | Progress | EndQueue;

/** The `detail` of ComfyUI's `executed` event, with what is ours in it. */
export interface Executed {
  prompt_id: string;
  node: string;
  display_node?: string;
  output?: { batch_loop?: Said[] } | null;
}
