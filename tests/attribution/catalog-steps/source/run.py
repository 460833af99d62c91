"""run.py <config.json>"""
import json
import os
import sys

import catalog.custom  # noqa: F401  registers the project's own steps
import catalog.steps  # noqa: F401
from catalog.engine import Pipeline

if __name__ == "__main__":
    config_file = sys.argv[1] if os.path.isabs(sys.argv[1]) else os.path.join(os.path.dirname(os.path.abspath(__file__)), sys.argv[1])
    with open(config_file) as handle:
        config = json.load(handle)
    pipeline = Pipeline.from_config(config)
    status = pipeline.run()
    pipeline.stop()
    sys.exit(0 if status else 1)
