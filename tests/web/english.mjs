/** Loads the English texts, as the page would fetch them from the server. */
import { readFileSync } from "node:fs";
import { Texts, show } from "../../web/lib/texts.js";

const MAIN = new URL("../../locales/en/main.json", import.meta.url);

export const ENGLISH = JSON.parse(readFileSync(MAIN, "utf8")).batchLoop;

show(new Texts({ en: ENGLISH }));
