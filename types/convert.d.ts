/** A saved workflow, as far as its conversion reads it, and the plan of a conversion. */

export type Id = number | string;

export interface SavedSlot {
  name: string;
  type?: unknown;
}

export interface SavedNode {
  id: Id;
  type: string;
  title?: string;
  mode?: number;
  inputs?: SavedSlot[];
  outputs?: SavedSlot[];
  properties?: Record<string, unknown>;
  widgets_values?: unknown[] | Record<string, unknown> | null;
}

export interface SavedLink {
  id: Id;
  origin_id: Id;
  origin_slot: number;
  target_id: Id;
  target_slot: number;
  /** The last reroute on the way. */
  parentId?: number;
}

export interface SavedGraph {
  id?: string;
  name?: string;
  nodes: SavedNode[];
  /** The outermost graph has them as arrays: id, origin, its slot, target, its slot, type. */
  links?: (SavedLink | unknown[])[];
  extra?: { linkExtensions?: { id: Id; parentId: number }[] } | null;
  inputs?: SavedSlot[];
  outputs?: SavedSlot[];
}

export interface SavedWorkflow extends SavedGraph {
  definitions?: { subgraphs?: SavedGraph[] } | null;
}

/** A node in one of a workflow's graphs; the outermost graph is called "". */
export interface Where {
  graph: string;
  node: string;
}

/**
 * One end of a link: a node's slot, or a slot of the subgraph's own inputs or outputs. New nodes
 * are named by their keys. Slots that a conversion adds are named, the others numbered.
 */
export interface End {
  node: string | "inputs" | "outputs";
  slot: number | string;
}

export type Step =
  | { do: "add"; graph: string; key: string; type: string; like: string; values: Values }
  | { do: "expose"; graph: string; side: "inputs" | "outputs"; name: string }
  | { do: "link"; graph: string; from: End; to: End; parentId?: number }
  | { do: "remove"; graph: string; node: string }
  /** Take away an input of a subgraph, of its own and of its node. */
  | { do: "hide"; graph: string; name: string };

export type Values = Record<string, string>;

/** Why a node cannot become a batch's folder, as the text `convert.refused.<reason>` says it. */
export interface Refusal {
  reason: string;
  values: Record<string, string | number>;
}

export interface Plan {
  steps: Step[];
  /** How many nodes become Save Image (Batch). */
  savers: number;
  /** What the savers' names had that no batch can have, such as `%KSampler.seed%`. */
  dropped: string[];
}

/** What carries out a plan: on the page's graph, or on a saved one. */
export interface Editor {
  add(step: Extract<Step, { do: "add" }>): void;
  expose(step: Extract<Step, { do: "expose" }>): void;
  link(step: Extract<Step, { do: "link" }>): void;
  remove(step: Extract<Step, { do: "remove" }>): void;
  hide(step: Extract<Step, { do: "hide" }>): void;
}
