from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.tools.environments import of_comfyui, package_name


@pytest.mark.parametrize(
    ("requirement", "name"),
    [("numpy>=1.25.0", "numpy"), ("Foo_bar", "foo-bar"), ("pydantic~=2.0", "pydantic"), ("", "")],
)
def test_a_requirement_has_a_package_name(requirement: str, name: str) -> None:
    assert package_name(requirement) == name


def test_comfyui_gets_all_its_requirements_except_torchaudio(tmp_path: Path) -> None:
    lines = "torch\ntorchaudio\n\n#non essential:\nkornia>=0.7.1  # why\n"
    (tmp_path / "requirements.txt").write_text(lines)
    assert of_comfyui(tmp_path) == ["torch", "kornia>=0.7.1"]
