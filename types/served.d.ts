/** The modules that ComfyUI serves, by the address that the entry imports them from. */

declare module "*/scripts/app.js" {
  export const app: import("./comfyui.d.ts").App;
}

declare module "*/scripts/api.js" {
  export const api: import("./comfyui.d.ts").Api;
}
