/** Load the pack's style sheet, which is next to the entry, into the page. */
export function addStyles(url = new URL("../batch_loop.css", import.meta.url)) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url.href;
  document.head.append(link);
}
