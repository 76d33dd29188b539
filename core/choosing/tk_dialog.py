"""A program that shows a folder dialog by tkinter, and writes the folder that was chosen.

It is given the title and, if there is one, the folder to begin in. The text that it writes is in
UTF-8; there is none when the dialog is cancelled. Nothing imports it: tkinter wants the main thread
for itself, and what goes wrong in it must not end ComfyUI.
"""

from __future__ import annotations

import sys
from tkinter import Tk, filedialog


def main(title: str, start: str | None = None) -> None:
    """Show the dialog, and write what is chosen."""
    window = Tk()
    window.withdraw()
    # Windows opens a new program's windows behind the others, unless they belong to one that is
    # always on top.
    window.attributes("-topmost", True)  # noqa: FBT003 - the option's value
    chosen = filedialog.askdirectory(parent=window, title=title, initialdir=start, mustexist=True)
    # When cancelled, it is an empty tuple on some systems.
    sys.stdout.buffer.write((chosen or "").encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main(*sys.argv[1:])
