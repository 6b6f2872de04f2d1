"""Text embeddings: turn texts into vectors, and store them."""

import os

# ONNX Runtime reports every process that loads it to its vendor, with an id of the machine; it reads this once, when loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# If a model of the Hub replaces the bundled one, it is downloaded and nothing else is sent.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
