/**
 * ComfyUI's page, as its own types describe it, and beside them what they lack: what some of the
 * frontends have, and all of them have had for long without saying so.
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
};

/** What nodes have for elements of the page. */
export interface DOMWidgets {
  addDOMWidget(name: string, type: string, element: HTMLElement, options: object): Widget;
}

/** Toasts of older frontends, which know them by their messages. */
export type OlderToasts = Pick<ToastManager, "add"> & Partial<Pick<ToastManager, "remove">>;

type Show = (
  summary: string,
  options: { id: string; description?: string; duration?: number },
) => void;

/** Toasts of newer frontends, which know them by ids. */
export interface NewerToasts {
  success: Show;
  info: Show;
  warning: Show;
  error: Show;
  dismiss(id: string): void;
}

/** A message in the corner; `life` is in ms, and without it the message stays. */
export interface Toast {
  severity: "success" | "info" | "warn" | "error";
  summary: string;
  detail?: string;
  life?: number;
}

/** What is wrong with a node, in the words of ComfyUI's validation. */
export interface Fault {
  node: string;
  reason: string;
}

/** How Run queues. */
export interface QueueSettings {
  mode: string;
  batchCount: number;
}

export type Manager = Omit<ExtensionManager, "toast"> & {
  toast: OlderToasts | NewerToasts;
  queueSettings?: QueueSettings;
  sidebarTab?: { activeSidebarTabId: string | null };
  /** Whether the canvas has the page to itself. */
  focusMode?: boolean;
  toggleFocusMode?(): void;
};

export type App = Omit<ComfyApp, "extensionManager"> & {
  extensionManager: Manager;
  /** Whether it is sending prompts. */
  processingQueue?: boolean;
};

