"""What stands for a model in the benchmark: nodes that wait or compute for as long as one would."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .. import graphs
from ..client import ComfyClient
from ..graphs import filled_in, node
from .prompts import run_all

MODEL_SECONDS = 0.2
PRODUCTS = 100
"""The first guess of how many products of matrices take as long as the model."""
CALIBRATIONS, TRIES = 2, 5

Work = Callable[..., graphs.Node]
"""Makes a node that stands for a model, given its `image`."""


def waiting(seconds: float = MODEL_SECONDS) -> Work:
    """A model that leaves the processor free, as one on a graphics card does."""
    return partial(node, "BenchSleep", seconds=seconds)


def computing(products: int) -> Work:
    """A model that multiplies so many matrices on all cores."""
    return partial(node, "BenchCompute", products=products)


def calibrated(client: ComfyClient) -> tuple[int, float]:
    """How many products of matrices take as long as the model, and how long they take alone.

    On a busy machine they are fewer, so the second figure is shown too.
    """
    products = PRODUCTS
    for _ in range(CALIBRATIONS):
        products = max(1, round(products * MODEL_SECONDS / _model_seconds(client, products)))
    return products, _model_seconds(client, products)


def _model_seconds(client: ComfyClient, products: int) -> float:
    """The fastest time of the model in a few tries, without an image to load or save."""
    work = computing(products)(image=[graphs.LOAD, 0])
    prompt = filled_in(client, graphs.work_alone(work))
    return min(each.seconds for each in run_all(client, [prompt] * TRIES))
