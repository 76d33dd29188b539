"""The interface to ComfyUI, and what this process shares."""
