"""Starts the benchmark as a part of the pack, whose modules it measures without a server, too."""

from ..pack import pack

pack("tools.bench.command").run()
