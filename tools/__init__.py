"""What `make`, the demo and the tests run on: set-up, a real ComfyUI and a client of it.

No part of the pack: ComfyUI never imports this folder. It is used as `python -m tools.demo`
from the repository's root, and as `batch_loop.tools` from the tests.
"""
