"""Run the bundled model through ONNX Runtime, batching texts of equal length: no padding, and torch is not loaded.

The model is converted once and kept in the user's cache folder. benchmarks/encoder.py compares it with the alternatives.
"""

import contextlib
import os
import platform
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from pipeline.encode.bundled import LONGEST_TOKENS, SHA256, bundled_model
from pipeline.encode.place import cache_folder

log = structlog.get_logger()
_FILE = f"all-MiniLM-L6-v2-{SHA256[:12]}-2"
"""The last number is the version of the conversion."""
_AT_ONCE = 256
"""Tokens per run of the network. The model's weights exceed a processor's cache: for a single short text, reading them dominates;
beyond this many tokens, arithmetic does."""
_FATAL_ONLY = 4


class ByLength:
    """Encodes texts. A text's vector depends on that text alone, to the last bit.

    With `int8`, weights and activations are one byte each (ONNX Runtime's dynamic quantisation): faster, with nearly the same
    result. The scale of that byte would depend on the batch, so texts are encoded one by one then; likewise on processors other
    than AMD's and Intel's, where it has not been verified that a row's sums are independent of the number of rows.
    """

    def __init__(self, *, int8: bool = False) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self._at_once = _AT_ONCE if not int8 and platform.machine().lower() in ("x86_64", "amd64") else 1
        self._tokenizer = Tokenizer.from_file(str(bundled_model() / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST_TOKENS)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1  # a batch is too small to split: each thread takes whole batches
        settings.log_severity_level = _FATAL_ONLY
        with converted(int8=int8) as file:
            self._network = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """Return an array of shape (len(texts), 384) with rows of length one."""
        vectors = np.empty((len(texts), 384), dtype=np.float16)
        tokens = [one.ids for one in self._tokenizer.encode_batch(list(texts))]

        def together(rows: list[int]) -> None:
            states = self._network.run(None, {"ids": np.array([tokens[row] for row in rows], dtype=np.int64)})[0]
            for row, state in zip(rows, states, strict=True):
                found = state.mean(0)
                vectors[row] = found / np.linalg.norm(found)

        with ThreadPoolExecutor(threads()) as pool:
            for _ in pool.map(together, self._batches([len(one) for one in tokens])):
                pass
        return vectors

    def _batches(self, lengths: Sequence[int]) -> list[list[int]]:
        """Group rows by length, limited by batch size and so that every thread has work."""
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, length in enumerate(lengths):
            by_length[length].append(row)
        batches = []
        for length, rows in by_length.items():
            size = max(1, min(self._at_once // length, -(-len(lengths) // threads())))
            batches += [rows[first : first + size] for first in range(0, len(rows), size)]
        return batches


def threads() -> int:
    """Return the number of batches to encode in parallel: OMP_NUM_THREADS if set, else the cores available to this process."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and int(told):
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def converted(*, int8: bool = False) -> Iterator[str]:
    """Yield the path of the model's ONNX file, created at first use. If the cache folder is not writable, each process creates a
    temporary file. Raises ModelError as bundled_model does."""
    folder = cache_folder()
    kept = folder / f"{_FILE}{'-int8' if int8 else ''}.onnx"
    if not kept.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as unfinished:
                _convert(Path(unfinished), int8=int8).replace(kept)
        except OSError as error:
            log.warning("the model is converted for this process only", folder=str(folder), reason=error.strerror)
            with tempfile.TemporaryDirectory() as passing:
                yield str(_convert(Path(passing), int8=int8))
            return
    yield str(kept)


def _convert(folder: Path, *, int8: bool) -> Path:
    whole = folder / "float32.onnx"
    _export(whole)
    if not int8:
        return whole
    from onnxruntime.quantization import QuantType, quantize_dynamic

    small = folder / "int8.onnx"
    # Seven bits of eight: without a dedicated instruction of the processor, sums of eight-bit products would overflow.
    quantize_dynamic(whole, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    return small


def _export(file: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    eager = {"attn_implementation": "eager"}  # the exporter does not support torch's faster kernels
    network = SentenceTransformer(str(bundled_model()), device="cpu", model_kwargs=eager)[0].auto_model

    class States(torch.nn.Module):  # type: ignore[misc]
        """The last layer's states. Their mean, the pooling this model was trained with, is computed outside: ONNX Runtime sums in
        a different order for one text than for several."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return self.network(input_ids=ids).last_hidden_state

    example = torch.tensor([[101, 2154, 2003, 102]])
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # tracing warns about shapes that are fixed in the model
        torch.onnx.export(
            States().eval(),
            (example,),
            str(file),
            dynamo=False,
            input_names=["ids"],
            output_names=["states"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in ("ids", "states")},
            opset_version=17,
        )
