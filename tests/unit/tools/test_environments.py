from __future__ import annotations

from pathlib import Path

import pytest

from batch_loop.tools.environments import of_comfyui, package_name


@pytest.mark.parametrize(
    ("requirement", "name"),
    [("numpy>=1.25.0", "numpy"), ("Foo_bar", "foo-bar"), ("pydantic~=2.0", "pydantic"), ("", "")],
)
def test_the_name_of_a_requirement(requirement: str, name: str) -> None:
    assert package_name(requirement) == name


def test_comfyui_is_given_all_it_names_but_torchaudio(tmp_path: Path) -> None:
    lines = "torch\ntorchaudio\n\n#non essential:\nkornia>=0.7.1  # why\n"
    (tmp_path / "requirements.txt").write_text(lines)
    assert of_comfyui(tmp_path) == ["torch", "kornia>=0.7.1"]
