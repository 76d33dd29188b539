"""`python -m batch_loop_cli` is `batch-loop`."""

import sys

from .main import main

sys.exit(main())
