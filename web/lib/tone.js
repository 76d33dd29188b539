/** Frequencies in Hz, played one after the other, and the duration of each in seconds. */
const NOTES = [660, 880];
const SECONDS = 0.18;
const LOUDNESS = 0.15;

/** @type {AudioContext | null} */
let context = null;

/** Play two short notes, the second higher; resolves when they have started. */
export async function playTone() {
  context ??= new AudioContext();
  // Browsers do not let a page play sound before the user has clicked in it: until then this waits.
  await context.resume();
  for (const [place, frequency] of NOTES.entries()) {
    playNote(context, frequency, context.currentTime + place * SECONDS);
  }
}

/**
 * @param {AudioContext} audio
 * @param {number} frequency
 * @param {number} start
 */
function playNote(audio, frequency, start) {
  const note = new OscillatorNode(audio, { frequency });
  const volume = new GainNode(audio, { gain: LOUDNESS });
  // A note that stops at full volume makes a click.
  volume.gain.setValueAtTime(LOUDNESS, start);
  volume.gain.exponentialRampToValueAtTime(LOUDNESS / 100, start + SECONDS);
  note.connect(volume).connect(audio.destination);
  note.start(start);
  note.stop(start + SECONDS);
}
