"""A program that shows a folder dialog with tkinter and prints the chosen folder.

Its arguments are the title and, optionally, the folder to start in. It prints UTF-8, or nothing if
the dialog is cancelled. It is never imported: tkinter needs the main thread, and its crashes must
not end ComfyUI.
"""

from __future__ import annotations

import sys
from tkinter import Tk, filedialog


def main(title: str, start: str | None = None) -> None:
    """Show the dialog and print the chosen folder."""
    window = Tk()
    window.withdraw()
    # Windows opens a new program's windows behind others, unless their parent is always on top.
    window.attributes("-topmost", True)  # noqa: FBT003 - the option's value
    chosen = filedialog.askdirectory(parent=window, title=title, initialdir=start, mustexist=True)
    # On some systems the result of cancelling is an empty tuple.
    sys.stdout.buffer.write((chosen or "").encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main(*sys.argv[1:])
