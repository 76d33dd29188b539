"""Starts the benchmark as a part of the pack, as it also measures modules without a server."""

from ..errors import run_command
from ..pack import pack

run_command(pack("tools.bench.command").main)
