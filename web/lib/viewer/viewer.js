import { titleOf } from "../items.js";
import { t } from "../texts.js";
import { ownName } from "../words.js";
import { factsOf } from "./facts.js";
import { Frame } from "./frame.js";
import { Player } from "./player.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";

/**
 * @import { FileFacts, Files, Item, Loop } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Gallery } from "../panel/gallery.js"
 * @import { VariantGrid } from "../panel/variant_grid.js"
 * @import { Acts, Mode } from "./frame.js"
 * @import { Played } from "./player.js"
 * @import { Picture } from "./stage.js"
 */

/**
 * Running the workflow on one image, which counts nothing.
 *
 * @typedef {{ canTry: boolean, tryTitle: string, tryOne: (path: string) => void }} Trying
 */

const THUMBNAIL = 512;
const SMALL = 128;

/** An image of a gallery and its results, over the whole page. */
export class Viewer {
  #given;
  #loop;
  #index;
  #shown = "";
  /** @type {Item | undefined} */
  #item;
  /** @type {Files | null} null until the server has said what the files are */
  #files = null;
  /** Which result is shown. */
  #output = 0;
  /** The image, and which of its results, whose text was read last. */
  #textOf = "";
  /** @type {Mode} */
  #mode = "compare";
  #isOther = true;
  /** Addresses of what the browser cannot play. */
  #refused = new Set();
  #players = { source: this.#player("result"), result: this.#player("source") };
  #strip = new Strip((index) => this.#choose(index));
  #stage = new Stage({
    zoomed: (percent, isFitted) => this.#frame.showZoom(percent, isFitted),
    swiped: (by) => this.#step(by),
  });
  #frame;
  #dialog;

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Gallery | VariantGrid} given.gallery
   * @param {Loop} given.loop
   * @param {number} given.index - of the image in the gallery
   * @param {Trying} given.trying
   * @param {() => void} given.closed - called when it has been closed
   */
  constructor(given) {
    this.#given = given;
    this.#loop = given.loop;
    this.#index = given.index;
    /** @type {Acts} */
    const acts = {
      show: (mode) => this.#showIn(mode),
      step: (by) => this.#step(by),
      choose: (by) => this.#choose(this.#output + by),
      play: () => this.#play(),
      tryThis: () => this.#try(),
      close: () => this.close(),
      closed: () => this.#closed(),
    };
    const views = { stage: this.#stage, players: this.#players, strip: this.#strip };
    this.#frame = new Frame(views, acts, given.loop);
    this.#dialog = this.#frame.dialog;
  }

  /** Show it until the user closes it. */
  open() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.show(this.#loop);
    this.#stage.element.focus();
  }

  /** Close it. */
  close() {
    this.#dialog.close();
  }

  /**
   * Update it: the loop has changed, or more of its gallery is known.
   *
   * @param {Loop} loop
   */
  show(loop) {
    this.#loop = loop;
    this.#frame.showPlace(this.#index, this.#given.gallery.total);
    this.#frame.showTrying(this.#given.trying);
    const item = this.#given.gallery.item(this.#index);
    const shown = JSON.stringify([loop.batch, this.#index, item]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#item = item;
    this.#files = null;
    this.#frame.showItem(item);
    // The picture or text of one image is never seen, or heard, under the name of another.
    if (this.#isOther) {
      this.#stage.show(null, null, true);
      this.#stop();
      this.#frame.setText("");
      this.#frame.setSourceText("");
    }
    if (item) this.#ask(item, shown);
  }

  /**
   * @param {Item} item
   * @param {string} shown
   */
  async #ask(item, shown) {
    const { server } = this.#given;
    const files = await server.files(this.#loop.id, item.path).catch(() => null);
    // Where there is no answer, the panel says so, and shows this again when there is one.
    if (shown !== this.#shown || !this.#dialog.isConnected) return;
    if (!files) this.#shown = "";
    this.#files = files && { ...files, results: item.state === "done" ? files.results : [] };
    this.#output = Math.min(this.#output, Math.max(0, this.#results.length - 1));
    this.#strip.show(this.#results, (index) => this.#address("thumbnail", index, SMALL));
    this.#draw();
  }

  get #results() {
    return this.#files?.results ?? [];
  }

  /** The frame of a film that the chosen result was made from; undefined for other items. */
  get #besides() {
    return this.#files?.frames[this.#output];
  }

  /** Show the chosen files in the chosen way. */
  #draw() {
    const source = this.#files?.source;
    const result = this.#results[this.#output];
    const isRow = source?.shows === "text";
    const has = { source: isRow || source?.shows === "picture", result: result?.shows === "picture" };
    const isText = result?.shows === "text";
    const compare = has.source && (has.result || isText);
    const isPossible = { ...has, result: Boolean(result), compare };
    const mode = isPossible[this.#mode] ? this.#mode : isPossible.result ? "result" : "source";
    this.#frame.showMode(mode, isPossible);
    this.#strip.mark(this.#output);
    const output = mode === "source" ? undefined : this.#output;
    const left = mode !== "result" && source ? this.#view(source) : {};
    const right = mode !== "source" && result ? this.#view(result, output) : {};
    this.#players.source.show(left.played ?? null);
    this.#players.result.show(right.played ?? null);
    const shows = { isText: isText && mode !== "source", isSourceText: isRow && mode !== "result" };
    this.#frame.layOut({ ...shows, hasPicture: Boolean(left.picture ?? right.picture) });
    this.#frame.showUnplayed([left, right].flatMap(({ unplayed }) => unplayed ?? []));
    this.#stage.show(left.picture ?? null, right.picture ?? null, this.#isOther);
    this.#isOther = false;
    this.#readText(mode === "source" ? undefined : result);
    if (isRow) this.#readSource();
    const file = mode === "source" ? source : result;
    const { played } = mode === "source" ? left : right;
    this.#frame.showFile(file, played?.address ?? this.#address("picture", output));
    // A thumbnail that had the focus may be gone.
    if (!this.#dialog.contains(document.activeElement)) this.#stage.element.focus();
    const copied = (/** @type {boolean} */ isCopied) => this.#frame.tellCopied(isCopied);
    this.#frame.showFacts(
      ...(source ? [factsOf(t("panel.viewer.source"), source, copied, this.#besides)] : []),
      ...(result ? [factsOf(t("panel.viewer.result"), result, copied)] : []),
    );
  }

  /** @param {FileFacts | undefined} file */
  async #readText(file) {
    if (file?.shows !== "text" || !this.#item) return;
    const of = JSON.stringify([this.#item.path, this.#output]);
    if (of !== this.#textOf) this.#frame.setText("");
    this.#textOf = of;
    const shown = [this.#shown, this.#output].join();
    const asked = this.#given.server.text(this.#loop.id, this.#item.path, this.#output);
    const text = await asked.catch(String);
    if (shown === [this.#shown, this.#output].join()) this.#frame.setText(text);
  }

  /** The text of a row. */
  async #readSource() {
    if (!this.#item) return;
    const shown = this.#shown;
    const text = await this.#given.server.text(this.#loop.id, this.#item.path).catch(String);
    if (shown === this.#shown) this.#frame.setSourceText(text);
  }

  /**
   * What is seen of a file: it is played, or its picture is shown; neither of a text.
   *
   * @param {FileFacts} file
   * @param {number} [output]
   * @returns {{ played?: Played, picture?: Picture, unplayed?: string }} `unplayed` names what the
   *   browser cannot play
   */
  #view(file, output) {
    if (file.shows !== "picture") return {};
    const name = this.#item ? titleOf(this.#item) : "";
    const of = output === undefined ? "panel.picture.source" : "panel.picture.result";
    const description = t(of, { name });
    const picture = this.#address("picture", output);
    const address = this.#address("media", output);
    if (file.plays && !this.#refused.has(address)) {
      return { played: { as: file.plays, address, picture, description } };
    }
    const thumbnail = this.#address("thumbnail", output, THUMBNAIL);
    const size = { width: file.width, height: file.height };
    return {
      picture: { address: picture, thumbnail, description, size },
      ...(file.plays ? { unplayed: ownName(file.path) } : {}),
    };
  }

  /** @param {"source" | "result"} other - which of the players pauses when this one plays */
  #player(other) {
    return new Player({
      played: () => this.#players[other].pause(),
      refused: (address) => {
        this.#refused.add(address);
        this.#draw();
      },
    });
  }

  /** Play or pause what is seen; of two, the result. */
  #play() {
    const { source, result } = this.#players;
    (result.element.hidden ? source : result).toggle();
  }

  /** Play nothing more. */
  #stop() {
    this.#players.source.show(null);
    this.#players.result.show(null);
  }

  /**
   * The address of a file's picture, or of the file to play, which changes with the image's runs: a
   * page shows what it has of an address without asking for it again. Of a window of frames, the
   * source is the frame that the chosen result was made from.
   *
   * @param {"picture" | "thumbnail" | "media"} kind
   * @param {number} [output]
   * @param {number} [size]
   */
  #address(kind, output, size) {
    const { path = "", attempts, seconds } = this.#item ?? {};
    const frame = output === undefined ? this.#besides?.number : undefined;
    const address = this.#given.server[kind](this.#loop.id, path, { output, frame, size });
    return `${address}#${this.#loop.batch}-${attempts}-${seconds}`;
  }

  /** @param {number} by - how many images to go on or back; infinity is to the last or first */
  #step(by) {
    const last = this.#given.gallery.total - 1;
    const index = Number.isFinite(by) ? this.#index + by : by > 0 ? last : 0;
    if (index < 0 || index > last) return;
    this.#index = index;
    this.#output = 0;
    this.#isOther = true;
    this.#given.gallery.choose(index);
    this.show(this.#loop);
  }

  /** The result is shown in the workflow, which this window covers. */
  #try() {
    if (!this.#item || !this.#given.trying.canTry) return;
    this.close();
    this.#given.trying.tryOne(this.#item.path);
  }

  /** @param {Mode} mode */
  #showIn(mode) {
    this.#mode = mode;
    this.#draw();
  }

  /** @param {number} index - of a result */
  #choose(index) {
    if (index < 0 || index >= this.#results.length) return;
    this.#output = index;
    if (this.#mode === "source") this.#mode = "compare";
    this.#draw();
  }

  #closed() {
    this.#stage.close();
    this.#stop();
    this.#dialog.remove();
    this.#given.closed();
  }
}
