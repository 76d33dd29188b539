"""A workflow as ComfyUI's page saves it: turned into API format, and changed from run to run."""
