# Everything is set up once and then left alone: each second run is fast.

# The first Python that runs and is new enough; PYTHON=... names another.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.10 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null \
	&& { echo $$python; break; }; done)
IN_VENV := .venv/bin/python

.PHONY: help setup setup-demo demo comfy lint test test-unit test-integration test-browser

help:
	@echo 'make setup   make the environment and the ComfyUI that the rest runs on'
	@echo 'make demo    run an example workflow over examples/images, into demo_output/'
	@echo 'make comfy   open ComfyUI with the pack, to click in'
	@echo 'make test    lint and every test; or test-unit, test-integration, test-browser'
	@echo 'make lint    ruff and mypy'

ifeq ($(PYTHON),)
setup setup-demo:
	@echo 'error: no Python 3.10 or newer: install one (on Debian and Ubuntu:' \
		'apt-get install python3 python3-venv), or name it: make PYTHON=...' >&2; exit 1
else
setup:
	@$(PYTHON) -m tools.provision test
setup-demo:
	@$(PYTHON) -m tools.provision demo
endif

demo: setup-demo
	@$(IN_VENV) -m tools.demo

comfy: setup-demo
	@$(IN_VENV) -m tools.comfy
