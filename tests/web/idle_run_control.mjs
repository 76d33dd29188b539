/** What the cards ask of a page that runs nothing; a test replaces what it is about. */
export function idleRunControl() {
  return {
    awaits: () => false,
    goesOn: () => false,
    cancels: () => false,
    ends: () => false,
    pauses: () => false,
    placeOf: () => null,
    runsPrompt: false,
    triesChanges: false,
  };
}
