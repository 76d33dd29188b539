/** ComfyUI's graph, as far as a conversion changes it. */

export interface LiveSlot {
  name: string;
  type: unknown;
  /** Connects a subgraph's own input or output. */
  connect(slot: LiveSlot, node: LiveNode, afterReroute?: number): unknown;
}

export interface LiveNode {
  id: number | string;
  type: string;
  title: string;
  pos: [number, number];
  size: [number, number];
  color?: string;
  bgcolor?: string;
  boxcolor?: string;
  shape?: number;
  mode?: number;
  flags?: { collapsed?: boolean; pinned?: boolean };
  inputs: LiveSlot[];
  outputs: LiveSlot[];
  constructor: { title?: string } & Function;
  computeSize(): [number, number];
  setSize(size: [number, number]): void;
  collapse(force: boolean): void;
  pin(pinned: boolean): void;
  connect(slot: number, target: LiveNode, input: number, afterReroute?: number): unknown;
}

export interface LiveGroup {
  pos: [number, number];
  size: [number, number];
}

export interface LiveGraph {
  nodes: LiveNode[];
  groups?: LiveGroup[];
  subgraphs: Map<string, LiveGraph>;
  inputs: LiveSlot[];
  outputs: LiveSlot[];
  add(node: LiveNode): void;
  remove(node: LiveNode): void;
  getNodeById(id: number | string): LiveNode | null | undefined;
  addInput(name: string, type: string): unknown;
  addOutput(name: string, type: string): unknown;
  removeInput(input: LiveSlot): void;
}

export interface LiveCanvas {
  /** The graph on screen. */
  graph: unknown;
  /** Moves nodes of the graph on screen in Nodes 2.0, on frontends that have it. */
  repositionNodesVueMode?(moves: { node: LiveNode; newPos: { x: number; y: number } }[]): void;
}

export type NodeMaker = (type: string) => LiveNode | null;

declare global {
  interface Window {
    LiteGraph: { createNode: NodeMaker };
  }
}
