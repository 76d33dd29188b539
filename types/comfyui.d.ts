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

export type Api = Pick<ComfyApi, "apiURL" | "fetchApi" | "addEventListener">;
export type Extension = ComfyExtension;
export type Setting = NonNullable<ComfyExtension["settings"]>[number];

export type Node = Parameters<NonNullable<ComfyExtension["nodeCreated"]>>[0];
export type Graph = NonNullable<Node["graph"]>;
export type Widget = ReturnType<Node["addWidget"]> & {
  options: { hidden?: boolean };
  /** Called before a prompt is sent. */
  beforeQueued?(): void;
  /** Called after a prompt was accepted. */
  afterQueued?(): void;
};

/** What the server has said of a node's type: the kind and the options of each input. */
export interface NodeDefined {
  constructor: {
    nodeData: { input: Record<"required" | "optional", Record<string, [unknown, Options?]>> };
  };
}

type Options = Record<string, unknown>;

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

/** The settings of the Run button. */
export interface QueueSettings {
  mode: string;
  batchCount: number;
}

export type Manager = Omit<ExtensionManager, "toast"> & {
  toast: OlderToasts | NewerToasts;
  queueSettings?: QueueSettings;
  sidebarTab?: { activeSidebarTabId: string | null };
  /** Whether the canvas takes up the whole page. */
  focusMode?: boolean;
  toggleFocusMode?(): void;
};

export type App = Omit<ComfyApp, "extensionManager"> & {
  extensionManager: Manager;
  /** Whether prompts are being sent. */
  processingQueue?: boolean;
};

