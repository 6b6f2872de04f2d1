"""Speed of encoding texts compared with plain SentenceTransformer.encode, and agreement of the vectors.

    python -m benchmarks.encoder

Uses real texts of mixed length: docstrings of the installed libraries, half of them first lines only, half complete but truncated
as in the product, just as tickets are a title or a title and a story. All methods encode the same texts in turns within one run;
the best turn counts, since other programs can only slow a turn down. ONNX and OpenVINO run if installed. Static is the mean of
the vectors of single tokens, without running the network (as Model2Vec does).
"""

import argparse
import importlib
import inspect
import pkgutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from pipeline.encode.batches import Batches
from pipeline.encode.bundled import LONGEST_TOKENS, bundled_model
from pipeline.encode.card import card
from pipeline.encode.choice import has_bfloat16
from pipeline.encode.encoder import SentenceEncoder, bundled
from pipeline.encode.stage import BATCH as STORED
from pipeline.items import LONGEST_WORDS

LIBRARIES = (
    "numpy",
    "scipy.stats",
    "scipy.optimize",
    "sklearn.cluster",
    "sklearn.linear_model",
    "sqlalchemy.orm",
    "celery.app",
)
BATCH = 32
Encode = Callable[[list[str]], NDArray[np.float32]]


def texts(count: int) -> list[str]:
    """Docstrings, the short and the long ones mixed by a seed."""
    found = sorted({one for name in LIBRARIES for one in _docstrings(importlib.import_module(name))})
    order = np.random.default_rng(1).permutation(len(found))[:count]
    whole = [found[i].splitlines()[0] if n % 2 else " ".join(found[i].split()) for n, i in enumerate(order)]
    return [text[:LONGEST_WORDS] for text in whole]


def _docstrings(module: ModuleType) -> Iterator[str]:
    modules = [module]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
            if not info.name.startswith("_") and "test" not in info.name:
                try:
                    modules.append(importlib.import_module(f"{module.__name__}.{info.name}"))
                except Exception:  # noqa: S112 - an optional part that is not installed
                    continue
        for one in modules:
            for _, thing in inspect.getmembers(one, lambda x: inspect.isclass(x) or inspect.isfunction(x)):
                text = inspect.getdoc(thing)
                if text and len(text) > 20:
                    yield text


def ways() -> dict[str, Encode]:
    """Each way to encode, the plain one first."""
    plain = SentenceTransformer(str(bundled_model()), device="cpu")
    short = SentenceTransformer(str(bundled_model()), device="cpu")
    short.max_seq_length = 128
    found: dict[str, Encode] = {
        "plain encode, fp32": lambda some: _plain(plain, some),
        **{name: _stored(one) for name, one in _ours().items()},
        "plain encode, fp32, cut at 128 tokens": lambda some: _plain(short, some),
    }
    if found_card := card():
        there = SentenceTransformer(str(bundled_model()), device=found_card)
        found["plain encode on the graphics card"] = lambda some: _plain(there, some)
    if has_bfloat16():  # without it, hours
        half = SentenceTransformer(str(bundled_model()), device="cpu", model_kwargs={"dtype": torch.bfloat16})
        found["plain encode, bf16"] = lambda some: _plain(half, some)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = SentenceTransformer(str(bundled_model()), device="cpu")
        small[0].auto_model = torch.ao.quantization.quantize_dynamic(
            small[0].auto_model, {torch.nn.Linear}, dtype=torch.qint8
        )
    found["torch dynamic int8"] = lambda some: _plain(small, some)
    static = _static(plain)
    found["static embeddings"] = lambda some: _plain(static, some)
    try:
        folder = _export(plain)
        found |= _onnx(folder, plain.tokenizer)
        found |= _openvino(folder, plain.tokenizer)
    except ImportError as error:
        print(f"not all ways: {error.name} is not installed (pip install onnx onnxruntime onnxscript openvino)")
    return found


def _ours() -> dict[str, Any]:
    """The product's own encoders, the one it takes by itself first."""
    found = {
        "ours, as it is by default here": SentenceEncoder(),
        "ours in float32, by length through ONNX": bundled("float32"),
        "ours in int8, one by one through ONNX": bundled("int8"),
        **({"ours in bfloat16, through torch": bundled("bfloat16")} if has_bfloat16() else {}),
        "ours in float32, through torch": Batches(bundled_model(), 8, longest=LONGEST_TOKENS),
    }
    if found_card := card():
        found["ours on the graphics card"] = bundled(found_card)
    return found


def _stored(encoder: Any) -> Encode:
    return lambda some: np.concatenate(
        [encoder.encode(some[i : i + STORED]) for i in range(0, len(some), STORED)]
    ).astype(np.float32)


def _plain(model: SentenceTransformer, some: list[str]) -> NDArray[np.float32]:
    found = model.encode(
        some, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_tensor=True
    )
    return found.float().cpu().numpy()


def _static(model: SentenceTransformer) -> SentenceTransformer:
    tokenizer, network = model.tokenizer, model[0].auto_model
    table = np.empty((len(tokenizer), 384), np.float32)
    with torch.inference_mode():
        for ids in torch.arange(len(tokenizer)).split(512):
            ends = torch.full_like(ids, tokenizer.cls_token_id), torch.full_like(ids, tokenizer.sep_token_id)
            table[ids] = network(input_ids=torch.stack([ends[0], ids, ends[1]], 1))[0].mean(1).numpy()
    module = StaticEmbedding(tokenizer.backend_tokenizer, embedding_weights=table)
    return SentenceTransformer(modules=[module], device="cpu")


def _export(model: SentenceTransformer) -> Path:
    """A folder with fp32.onnx and int8.onnx."""
    import onnx  # noqa: F401 - torch's exporter wants it
    import onnxscript  # noqa: F401
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder = Path(tempfile.mkdtemp())
    tokens = model.tokenizer(["a text", "another one"], return_tensors="pt")
    whole = SentenceTransformer(str(bundled_model()), device="cpu", model_kwargs={"attn_implementation": "eager"})

    class Bare(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = whole[0].auto_model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.inner(input_ids=ids, attention_mask=mask)[0]  # type: ignore[no-any-return]

    axes = {name: {0: "rows", 1: "tokens"} for name in ("ids", "mask", "states")}
    warnings.simplefilter("ignore")
    torch.onnx.export(
        Bare().eval(),
        (tokens["input_ids"], tokens["attention_mask"]),
        str(folder / "fp32.onnx"),
        dynamo=False,
        input_names=["ids", "mask"],
        output_names=["states"],
        dynamic_axes=axes,
        opset_version=17,
    )
    quantize_dynamic(folder / "fp32.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8, per_channel=True)
    return folder


def _onnx(folder: Path, tokenizer: Any) -> dict[str, Encode]:
    import onnxruntime

    found: dict[str, Encode] = {}
    for name in ("fp32", "int8"):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(
            str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"]
        )
        found[f"ONNX {name}"] = lambda some, session=session: _run(  # type: ignore[misc]
            lambda given: session.run(None, given)[0], tokenizer, some
        )
    return found


def _openvino(folder: Path, tokenizer: Any) -> dict[str, Encode]:
    import openvino

    found: dict[str, Encode] = {}
    for name, file, precision in (("fp32", "fp32", "f32"), ("bf16", "fp32", "bf16"), ("int8", "int8", "f32")):
        settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": torch.get_num_threads()}
        model = openvino.Core().compile_model(folder / f"{file}.onnx", "CPU", settings)
        found[f"OpenVINO {name}"] = lambda some, model=model: _run(lambda given: model(given)[0], tokenizer, some)  # type: ignore[misc]
    return found


def _run(network: Callable[[dict[str, Any]], Any], tokenizer: Any, some: list[str]) -> NDArray[np.float32]:
    order = np.argsort([-len(text) for text in some], kind="stable")
    found = np.empty((len(some), 384), np.float32)
    for first in range(0, len(order), BATCH):
        rows = order[first : first + BATCH]
        given = tokenizer([some[i] for i in rows], padding=True, truncation=True, max_length=256, return_tensors="np")
        mask = given["attention_mask"].astype(np.int64)
        states = network({"ids": given["input_ids"].astype(np.int64), "mask": mask})
        mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        found[rows] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return found


def main() -> None:
    """Print a line a way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    some, each = texts(given.texts), ways()
    words = np.array([len(text.split()) for text in some])
    print(
        f"{len(some)} texts, {words.mean():.0f} words on average, half of them below {np.median(words):.0f}; "
        f"{torch.get_num_threads()} threads"
    )
    for encode in each.values():
        encode(some[:64])
    best: dict[str, float] = {}
    vectors: dict[str, NDArray[np.float32]] = {}
    for _ in range(given.turns):
        for name, encode in each.items():
            began = time.perf_counter()
            vectors[name] = encode(some)
            best[name] = min(best.get(name, np.inf), time.perf_counter() - began)
    first = next(iter(each))
    for name, seconds in best.items():
        agreement = (vectors[name] * vectors[first]).sum(1)
        print(
            f"{name:40} {len(some) / seconds:6.0f} texts a second, {best[first] / seconds:.2f} times; agreement "
            f"{agreement.mean():.4f}, lowest {agreement.min():.3f}"
        )


if __name__ == "__main__":
    main()
