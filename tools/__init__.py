"""What `make`, the demo and the tests use: set-up, a real ComfyUI and a client for it.

Not part of the pack: ComfyUI never imports this folder. It runs as `python -m tools.demo` from the
repository's root, and the tests import it as `batch_loop.tools`.
"""
