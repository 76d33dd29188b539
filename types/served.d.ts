/** Modules that ComfyUI serves, by the addresses from which the entry imports them. */

declare module "*/scripts/app.js" {
  export const app: import("./comfyui.d.ts").App;
}

declare module "*/scripts/api.js" {
  export const api: import("./comfyui.d.ts").Api;
}
