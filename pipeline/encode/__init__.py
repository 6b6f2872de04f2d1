"""From text to vectors."""

import os

# ONNX Runtime tells its maker of every process that loads it, and numbers the machine. It looks here once, when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Where a model of the Hub is named instead of the bundled one, it is fetched and nothing else is said.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
