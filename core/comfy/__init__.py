"""The doors to ComfyUI, and what this process shares."""
