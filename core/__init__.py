"""What the nodes stand on: folders that import in one direction, see docs/design.md."""

from __future__ import annotations

import os

PACK_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The folder that the pack was cloned into."""
