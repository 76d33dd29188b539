"""What is said where results are missing."""

from __future__ import annotations

import pytest

from batch_loop.core.assembling.filling import Filling
from batch_loop.core.common.errors import ResultsMissing
from batch_loop.core.model.formats import MissingResults


def test_missing_results_are_told_with_the_usual_remedy_first_and_the_button_by_its_name() -> None:
    filling = Filling(MissingResults.REFUSE)
    filling.add(None, lambda: "a.png")
    filling.add("/results/b.png", lambda: "b.png")
    with pytest.raises(ResultsMissing) as refused:
        filling.filled()
    what, remedy, *others = str(refused.value).split(". ")
    assert what == "No video was made: 1 result missing, of a.png"
    assert remedy.startswith("Press Retry failed, then Continue: ")
    assert len(others) == 4
