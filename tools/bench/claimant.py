"""The command that `claims` starts: claimants in a process of their own.

It says `ready` when each of them has done an image, and begins when it reads a line.
"""

from __future__ import annotations

import argparse
import json
import sys

from ..pack import pack


def main() -> None:
    """Work, and print what was done as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.claimant")
    parser.add_argument("address")
    parser.add_argument("--claimants", type=int, default=1)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--model-seconds", type=float, default=0.0)
    chosen = parser.parse_args()
    crowd = pack("tools.bench.claims_alone").Crowd(chosen.address, chosen.claimants)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(crowd.work(chosen.seconds, chosen.model_seconds)) + "\n")
    sys.stdout.flush()
    crowd.close()


if __name__ == "__main__":
    main()
