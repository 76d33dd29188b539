/** What the pack's routes answer, see `docs/routes.md`. */

export type ItemState = "pending" | "running" | "finishing" | "done" | "failed";

/** What whoever queues is to do: go on, stop, wait for other servers, or watch for new images. */
export type Next = "go" | "stop" | "wait" | "watch";

/** What a person has to know of a loop, in a word. */
export type Stands =
  "running" | "waiting" | "stopped" | "paused" | "fresh" | "complete" | "failures";

/** What is told of a loop wherever it is told. */
export interface Standing {
  next: Next;
  stands: Stands;
  total: number;
  /** With those whose run has yet to end. */
  done: number;
  failed: number;
  /** Those that are still to come to their end. */
  left: number;
  /** Those that stay pending, as they have no partner. */
  unpaired: number;
  /** Those that are not among these, as their results were there already. */
  finished: number;
}

/** Why an image failed. */
export interface Failure {
  path: string;
  attempts: number;
  reason: string;
  node_id: string | null;
  node_type: string | null;
  /** Whether the file itself is at fault. */
  unreadable: boolean;
}

/** An image under way. */
export interface Current {
  path: string;
  index: number;
  state: "running" | "finishing";
  /** Seconds since the epoch. */
  since: number;
}

/** A loop as the list of all of them has it. */
export interface ListedLoop extends Standing {
  id: string;
  name: string;
  directory: string;
  batch: number;
  complete: boolean;
  seconds: number;
  pending: number;
  running: number;
  /** Of those that are done, those whose run has yet to end. */
  finishing: number;
  /** Seconds since the epoch of the last change by a prompt; null if there was none. */
  ran_at: number | null;
}

/** The list of all loops. */
export interface Listed {
  /** Seconds since the epoch by the server's clock, which its other times are told by. */
  now: number;
  loops: ListedLoop[];
}

/** A loop that was asked for by itself. */
export interface Loop extends ListedLoop {
  /** The first 100. */
  failures: Failure[];
  /** Four at most. */
  current: Current[];
  /** Why it is forgotten when ComfyUI ends, where its state cannot be written; else empty. */
  forgets: string;
  /** The image that a run stopped on, and that is the next to be handed out. */
  stopped_on: (Failure & { index: number }) | null;
}

/** How to name a loop: by its id, or by what makes it this one. */
export type Which = { loop: string } | { directory: string; loop_name?: string };

export interface Item extends Failure {
  index: number;
  state: ItemState;
  seconds: number;
  /** Full paths. */
  outputs: string[];
}

export interface Items {
  total: number;
  start: number;
  items: Item[];
}

/** Directory Iterator's settings that say which images it takes, and in which order. */
export interface FolderSettings {
  directory: string;
  loop_name?: string;
  filter?: string;
  custom_pattern?: string;
  recursive?: boolean;
  sort_by?: string;
  descending?: boolean;
  start_index?: number;
  limit?: number;
}

/** What a folder holds; `first` and `last` are null where that is nothing. */
export interface Folder {
  directory: string;
  loop: string;
  known: boolean;
  /** As in a loop. */
  forgets: string;
  total: number;
  first: string | null;
  last: string | null;
}

/** The folders that may be used below one; `parent` is null at the top. */
export interface Folders {
  path: string;
  parent: string | null;
  folders: { name: string; path: string }[];
  more: boolean;
  images: number;
  holds_comfyui: boolean;
}

/** What a person chose in the operating system's dialog; null if it was cancelled. */
export interface Chosen {
  directory: string | null;
  holds_comfyui: boolean;
}

/** Whether the operating system's dialog can be opened for this page. */
export interface Chooser {
  dialog: boolean;
  reason: string;
  file: string | null;
}

export interface Arrived {
  loop: string;
  directory: string;
  ready: number;
  growing: number;
  next: "go" | "watch";
}
