/**
 * ComfyUI's page, as its own types describe it, plus what those types lack: features of only some
 * frontends, and undocumented ones that all frontends have long had.
 */
import type {
  ComfyApi,
  ComfyApp,
  ComfyExtension,
  ExtensionManager,
  ToastManager,
  ToastMessageOptions,
} from "@comfyorg/comfyui-frontend-types";

export type Api = Pick<
  ComfyApi,
  "apiURL" | "fetchApi" | "addEventListener" | "clientId" | "queuePrompt"
>;
export type Extension = ComfyExtension;
export type Setting = NonNullable<ComfyExtension["settings"]>[number];

export type Node = Parameters<NonNullable<ComfyExtension["nodeCreated"]>>[0];
export type Graph = NonNullable<Node["graph"]>;
export type Widget = ReturnType<Node["addWidget"]> & {
  hidden?: boolean;
  options: {
    hidden?: boolean;
    advanced?: boolean;
    serialize?: boolean;
    min?: number;
    max?: number;
    step2?: number;
    values?: unknown;
    /** What a combo shows for a value, in the Nodes 2.0 of 1.32. */
    optionLabel?(value: unknown): string;
  };
  /** What the widget puts into the prompt. */
  serializeValue?(): unknown;
  /** The widgets that change its value after each run. */
  linkedWidgets?: Widget[];
  /** Whether its text may contain choices. */
  dynamicPrompts?: boolean;
  /** Called before a prompt is sent. */
  beforeQueued?(): void;
  /** Called after a prompt was accepted. */
  afterQueued?(): void;
};

/** What the server has said of a node's type: the kind and the options of each input. */
export interface NodeDefined {
  constructor: {
    nodeData?: { input?: Partial<Record<"required" | "optional", Inputs>> };
  };
}

type Inputs = Record<string, [unknown, Options?]>;

/** The options of an input that the pack's page goes by. */
export interface Options {
  default?: unknown;
  advanced?: boolean;
  tooltip?: string;
  /** Whether it decides which images there are. */
  selects_images?: boolean;
  /** The input, and its value, with which this one has a meaning. */
  shown_with?: [string, unknown];
}

/** Nodes' method for adding page elements. */
export interface DOMWidgets {
  addDOMWidget(name: string, type: string, element: HTMLElement, options: object): Widget;
}

/** Toasts of older frontends, which identify them by their message objects. */
export type OlderToasts = Pick<ToastManager, "add"> & Partial<Pick<ToastManager, "remove">>;

type Show = (
  summary: string,
  options: { id: string; description?: string; duration?: number },
) => void;

/** Toasts of newer frontends, which identify them by id. */
export interface NewerToasts {
  success: Show;
  info: Show;
  warning: Show;
  error: Show;
  dismiss(id: string): void;
}

/** A message in the corner; `life` is in ms; without it, the message stays. */
export interface Toast {
  severity: "success" | "info" | "warn" | "error";
  summary: string;
  detail?: string;
  life?: number;
}

/** A validation error of a node, in ComfyUI's words. */
export interface Fault {
  node: string;
  reason: string;
}

/** A workflow as ComfyUI queues it, and as the page saves it. */
export interface Prompt {
  output: Record<string, { class_type: string; inputs: Record<string, unknown> }>;
  workflow: SavedWorkflow;
}

/** A workflow as the page saves it, or a subgraph in it. */
export interface SavedWorkflow {
  id?: string;
  nodes: { id: string | number; widgets_values?: unknown }[];
  definitions?: { subgraphs?: SavedWorkflow[] };
}

/** Why ComfyUI refuses a prompt, or leaves a part of it out. */
export interface Refusal {
  error?: { type?: string; message?: string; details?: string };
  node_errors?: Record<
    string,
    { class_type: string; errors: { message?: string; details?: string }[] }
  >;
}

/** One of the workflows that are open in the page. */
export interface Workflow {
  /** Without folder and extension. */
  filename: string;
  /** As it is now; null before it has been loaded. */
  activeState: SavedWorkflow | null;
  changeTracker?: ChangeTracker | null;
}

/** Notes how a workflow is changed, for Undo and for its tab. */
export interface ChangeTracker {
  /** How many changes are being made that count as one; it looks for none meanwhile. */
  changeCount: number;
  beforeChange(): void;
}

/** The class of all change trackers. */
export interface ChangeTrackers {
  /** Whether none looks for changes, as a graph is being loaded; newer frontends have it. */
  isLoadingGraph?: boolean;
}

/** The settings of the Run button. */
export interface QueueSettings {
  mode: string;
  batchCount: number;
  $subscribe?(changed: () => void): void;
}

export type Manager = Omit<ExtensionManager, "toast" | "workflow"> & {
  workflow?: { activeWorkflow: Workflow | null; openWorkflows: Workflow[] };
  toast: OlderToasts | NewerToasts;
  queueSettings?: QueueSettings;
  sidebarTab?: { activeSidebarTabId: string | null };
  /** The workflow on screen. */
  workflow?: { activeWorkflow?: { filename?: string } | null };
  /** Whether the canvas takes up the whole page. */
  focusMode?: boolean;
  toggleFocusMode?(): void;
};

export type App = Omit<ComfyApp, "extensionManager"> & {
  extensionManager: Manager;
  /** Whether prompts are being sent. */
  processingQueue?: boolean;
};


declare global {
  /** The library that draws the canvas. */
  var LiteGraph: {
    /** Whether nodes are drawn as elements of the page; frontends without Nodes 2.0 lack it. */
    vueNodesMode?: boolean;
    createNode(type: string): Node | null;
    registered_node_types: Record<string, { title: string } | undefined>;
    /** Ids of the nodes that are offered for a wire of a type. */
    slot_types_default_out?: Record<string, string | string[] | undefined>;
    slot_types_default_in?: Record<string, string | string[] | undefined>;
  };
}
