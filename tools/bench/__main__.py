"""Starts the benchmark as a part of the pack, whose modules it measures without a server, too."""

from ..errors import run_command
from ..pack import pack

run_command(pack("tools.bench.command").main)
