/** The responses of the pack's routes, see `docs/routes.md`. */

export type ItemState = "pending" | "running" | "finishing" | "done" | "failed";

/** What to do next: go on, stop, wait for other servers, or watch for new images. */
export type Next = "go" | "stop" | "wait" | "watch";

/** How a loop is doing, in one word. */
export type Stands =
  "running" | "waiting" | "stopped" | "paused" | "fresh" | "complete" | "failures";

/** The part common to all descriptions of a loop. */
export interface Standing {
  next: Next;
  stands: Stands;
  total: number;
  /** Including images whose prompt has yet to end. */
  done: number;
  failed: number;
  /** Images that are neither done nor failed yet. */
  left: number;
  /** Images that stay pending because they have no partner. */
  unpaired: number;
  /** Images left out of the batch because their results already existed. */
  finished: number;
}

/** Why an image failed. */
export interface Failure {
  path: string;
  /** What people read in place of the path. */
  title: string;
  attempts: number;
  reason: string;
  node_id: string | null;
  node_type: string | null;
  /** Whether the file itself is at fault. */
  unreadable: boolean;
}

/** An image in progress. */
export interface Current {
  path: string;
  /** What people read in place of the path. */
  title: string;
  index: number;
  state: "running" | "finishing";
  /** Seconds since the epoch. */
  since: number;
}

/** A loop in the list of all loops. */
export interface ListedLoop extends Standing {
  id: string;
  name: string;
  directory: string;
  /** The name of its workflow; empty if not known. */
  title: string;
  batch: number;
  complete: boolean;
  pending: number;
  running: number;
  /** The part of `done` whose prompts have yet to end. */
  finishing: number;
  /** Time of the last change by a prompt, in seconds since the epoch; null if there was none. */
  ran_at: number | null;
  undo_until: number | null;
}

/** The list of all loops. */
export interface Listed {
  /** Seconds since the epoch by the server's clock, as are its other times. */
  now: number;
  loops: ListedLoop[];
}

/** A file in one of the folders that ComfyUI's route `/view` shows files from. */
export interface View {
  filename: string;
  subfolder: string;
  type: string;
}

/** A file that a node has made of all results of a batch. */
export interface MadeOfAll {
  node_id: string;
  /** The full path. */
  path: string;
  /** Null if ComfyUI shows no files of its folder. */
  view: View | null;
  /** How many more the node has made, after the 100th; 0 for all others. */
  more: number;
}

/** A loop that was requested by its id. */
export interface Loop extends ListedLoop {
  /** Images left out of the batch because files are missing that belong to them. */
  lacking: number;
  /** The id of its workflow; empty if it has none. */
  workflow: string;
  /**
   * What its items are, such as `rows`; with ` windows` if each is several frames, and ` variants`
   * if each is an entry with a value.
   */
  source: string;
  /** Those values, in order; null if there are none, or very many. */
  variants: { labels: string[]; by_value: boolean } | null;
  /** Whether its last prompt was interrupted, as far as this server knows. */
  interrupted: boolean;
  /** How long the batch has taken, without pauses. */
  seconds: number;
  /** How long it will take, in seconds; null if not known yet. */
  remaining: number | null;
  /** Images a minute; null if not known yet. */
  per_minute: number | null;
  /** How many images are transparent, and a result of theirs is not. */
  lost_transparency: number;
  /** How many images' texts went to other names, as files of others had theirs. */
  renamed_texts: number;
  made_of_all: MadeOfAll[];
  /** The folders of the loops that go together with it, and are forgotten with it. */
  paired: string[];
  /** The first 100. */
  failures: Failure[];
  /** Four at most. */
  current: Current[];
  /** Why it will be forgotten when ComfyUI stops; empty if its state can be saved. */
  forgets: string;
  /** The image that a run stopped on, which is handed out next. */
  stopped_on: (Failure & { index: number }) | null;
}

/** How to identify a loop: by its id, or by its folder and name. */
export type Which =
  { loop: string } | { directory: string; loop_name?: string; workflow?: string };

export interface Item extends Failure {
  index: number;
  state: ItemState;
  seconds: number;
  /** Full paths. */
  outputs: string[];
  /** Whether it is transparent, and a result of it is not. */
  lost_transparency: boolean;
}

export interface Items {
  total: number;
  start: number;
  items: Item[];
}

/** A file of an image, as far as a page can show it. */
export interface FileFacts {
  /** The full path. */
  path: string;
  shows: "picture" | "text" | "nothing";
  /** Null for what is only a part of a file: a row, or a frame. */
  bytes: number | null;
  /** Pixels, upright; 0 for what is no picture. */
  width: number;
  height: number;
  animated: boolean;
  /** What a film or a sound is played as; its picture is a still one. */
  plays: "video" | "audio" | "";
  /** Whether it is transparent anywhere, or may be. */
  transparent: boolean;
  /** Whether its source is transparent somewhere, and it is not. */
  lost_transparency: boolean;
  /** Why nothing can be shown; else empty. */
  reason: string;
}

/** An image's files: in the same order as `Item.outputs`, and the first 200. */
export interface Files {
  source: FileFacts;
  results: FileFacts[];
  /** The film's frame beside each result, or the first of the item if it has none; else empty. */
  frames: FrameFacts[];
}

export interface FrameFacts {
  number: number;
  /** When it is shown, from the film's beginning on. */
  seconds: number;
}

/** Directory Iterator's settings that decide which images it takes, and in which order. */
/** The file beside each image that a node asks for. */
export interface Companion {
  pattern: string;
  when_missing: string;
  kind: "image" | "text";
}

export interface FolderSettings {
  directory: string;
  /** The id of the node's workflow, and its name. */
  workflow?: string;
  title?: string;
  loop_name?: string;
  filter?: string;
  custom_pattern?: string;
  recursive?: boolean;
  sort_by?: string;
  descending?: boolean;
  start_index?: number;
  limit?: number;
  companions?: Companion[];
  /** The class of the node; Directory Iterator if it is missing. */
  iterator?: string;
  variants?: VariantValues[] | true;
}

/** The inputs of a Variants node. */
export interface VariantValues {
  name: string;
  kind: string;
  values: string;
  run_order: string;
}

/** Frame Iterator's settings that decide which frames it takes. */
export interface FilmSettings {
  film: string;
  /** The id of the node's workflow, and its name. */
  workflow?: string;
  title?: string;
  loop_name?: string;
  frames?: number;
  overlap?: number;
  start_index?: number;
  limit?: number;
  iterator?: string;
  variants?: VariantValues[] | true;
}

/** Row Iterator's settings that decide which rows it takes, and in which order. */
export interface TableSettings {
  file: string;
  text: string;
  /** The id of the node's workflow, and its name. */
  workflow?: string;
  title?: string;
  loop_name?: string;
  header?: string;
  order?: string;
  delimiter?: string;
  encoding?: string;
  sheet?: string;
  start_index?: number;
  limit?: number;
  iterator?: string;
  variants?: VariantValues[] | true;
}

/** The settings of an iterator. */
export type ItemSettings = FolderSettings | FilmSettings | TableSettings;

/** The images of a folder; `first` and `last` are null if there are none. */
export interface Folder {
  directory: string;
  loop: string;
  known: boolean;
  /** See `Loop.forgets`. */
  forgets: string;
  total: number;
  /** How many of them have different entries. */
  entries?: number;
  /** With how many values each is taken; null if that is known only during a run. */
  variants?: number | null;
  /** How many a run would add to its complete batch, as far as that is certain. */
  new: number;
  /** Whether the settings are those of its batch, but for `skip_finished` and typed rows. */
  same: boolean;
  first: string | null;
  last: string | null;
  /** Why there are none; null if there are. */
  nothing: NothingThere | null;
  /** The film, of Frame Iterator; else null. */
  film?: Film | null;
}

/** A film, as its card describes it. */
export interface Film {
  width: number;
  height: number;
  /** 0 if unknown, as are the seconds. */
  fps: number;
  frames: number;
  seconds: number;
  /** The path of the first item; null if there is none. */
  picture: string | null;
}

/** The rows of a table. */
export interface Table extends Folder {
  /** Whether `total` is known to be all of them. */
  exact: boolean;
  /** How it is read, in words. */
  format: string;
  columns: string[];
  /** The first three rows, as texts. */
  rows: string[][];
}

/** An item that can be tried. */
export interface FoundItem {
  path: string;
  /** What people read in place of the path. */
  title: string;
}

/** Items under some settings of an iterator, of which one can be tried. */
export interface FoundItems {
  /** The id of the loop that a run would work on. */
  loop: string;
  items: FoundItem[];
  /** The place in the order from which there may be more; null if there are none. */
  more_from: number | null;
  /** The path of the one that the batch takes next; null if it has not run, or takes none. */
  next: string | null;
  /** The film's frames a second; 0 if unknown, and of other items. */
  fps: number;
}

/** Why a folder has no images under some settings, and what is there instead. */
export interface NothingThere {
  why: "empty" | "other" | "filter" | "results" | "range" | "subfolders" | "folders" | "lacking";
  images: number;
  folders: number;
  kinds: { kind: string; count: number }[];
}

/** The allowed folders inside a folder; `parent` is null at the top. */
export interface Folders {
  path: string;
  /** The text for `directory`. */
  written: string;
  parent: string | null;
  folders: { name: string; path: string; written: string }[];
  /** Tables or films, if they were asked for. */
  files: { name: string; path: string; written: string }[];
  more: boolean;
  images: number;
  /** With those in its subfolders, as far as they could be counted; null if not asked for. */
  within: { images: number; more: boolean } | null;
  /** The other files in a folder without images; null if there are none, or not all were counted. */
  nothing: NothingThere | null;
  holds_comfyui: boolean;
}

/** The folder chosen in the operating system's dialog; null if it was cancelled. */
export interface Chosen {
  directory: string | null;
  /** The folder that contains it. */
  parent: string | null;
  /** The text for `directory`. */
  written: string;
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
