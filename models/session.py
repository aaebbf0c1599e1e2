"""The ONNX side of a model: opens guarded bytes and runs rows through them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.errors import ModelRefused, PredictionError
from models.onnx_guard import guard

Floats = NDArray[np.float64]

INPUT, PROBABILITY, INTERVAL = "features", "probability", "interval"
_FLOAT = "tensor(float)"
_ERRORS_ONLY = 3


class Scores(NamedTuple):
    """Probabilities `[N, K]` and, where the model states them, their 95 % intervals `[N, K, 2]`."""

    probability: Floats
    interval: Floats | None


class Session:
    """One ONNX model in memory; safe to use from several threads."""

    def __init__(self, session: Any, outputs: int) -> None:
        self._session = session
        self._width = outputs
        present = {output.name for output in session.get_outputs()}
        self._names = [name for name in (PROBABILITY, INTERVAL) if name in present]

    def run(self, rows: Floats) -> Scores:
        """Scores of rows `[N, p]`; raises PredictionError when they are not probabilities in order."""
        found = self._run(rows.astype(np.float32))
        probability = found[0].astype(np.float64)
        interval = found[1].astype(np.float64) if len(found) > 1 else None
        _check(probability, (len(rows), self._width))
        if interval is not None:
            _check(interval, (len(rows), self._width, 2))
        return Scores(probability, interval)

    def run_one(self, row: Sequence[float]) -> tuple[list[float], list[list[float]] | None]:
        """Probabilities `[K]` and intervals `[K, 2]` of one row as plain numbers, in half the time of arrays.

        Equal to `run` on the same row, with the same errors.
        """
        found = self._run(np.array([row], dtype=np.float32))
        if found[0].shape != (1, self._width) or (len(found) > 1 and found[1].shape != (1, self._width, 2)):
            raise _other_shape()
        probability: list[float] = found[0][0].tolist()
        interval: list[list[float]] | None = found[1][0].tolist() if len(found) > 1 else None
        _check_figures(probability if interval is None else chain(probability, *interval))
        return probability, interval

    def _run(self, rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        try:
            found: list[NDArray[np.float32]] = self._session.run(self._names, {INPUT: rows})
        except Exception as error:
            # The runtime's own message can quote shapes and values of the row.
            raise PredictionError(f"the model failed to run: {type(error).__name__}") from None
        return found


def _check(figures: Floats, shape: tuple[int, ...]) -> None:
    if figures.shape != shape:
        raise _other_shape()
    # NaN fails every comparison.
    if figures.size and not (figures.min() >= 0.0 and figures.max() <= 1.0):
        raise _no_probability()


def _check_figures(figures: Iterable[float]) -> None:
    for figure in figures:
        if not 0.0 <= figure <= 1.0:
            raise _no_probability()


def _other_shape() -> PredictionError:
    return PredictionError("the model gave an array of another shape than agreed")


def _no_probability() -> PredictionError:
    return PredictionError("the model gave a figure that is not a probability")


def open_session(model: bytes, inputs: int, outputs: int, metadata: Mapping[str, str]) -> Session:
    """Guard and open the bytes of a model; raises ModelRefused with what does not fit the manifest.

    `metadata` are the properties that the model must carry. Never takes a path: the runtime then has no
    folder in which it could look for more files.
    """
    guard(model)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelRefused(f"model cannot be opened by ONNX Runtime: {type(error).__name__}") from None
    _check_input(session.get_inputs(), inputs)
    _check_outputs({output.name: output for output in session.get_outputs()}, outputs)
    _check_metadata(session.get_modelmeta().custom_metadata_map, metadata)
    return Session(session, outputs)


def _check_input(found: list[Any], inputs: int) -> None:
    if [one.name for one in found] != [INPUT]:
        raise ModelRefused(f"model must have one input, named `{INPUT}`")
    if found[0].type != _FLOAT or len(found[0].shape) != 2 or found[0].shape[1] != inputs:
        raise ModelRefused(
            f"model input `{INPUT}` must be float32 [N, {inputs}], one column per input feature"
        )
    _check_open(found[0])


def _check_outputs(found: Mapping[str, Any], outputs: int) -> None:
    if PROBABILITY not in found:
        raise ModelRefused(f"model must have an output named `{PROBABILITY}`")
    for name, tail in ((PROBABILITY, [outputs]), (INTERVAL, [outputs, 2])):
        if name in found and (found[name].type != _FLOAT or list(found[name].shape[1:]) != tail):
            raise ModelRefused(f"model output `{name}` must be float32 [N, {', '.join(map(str, tail))}]")


def _check_open(tensor: Any) -> None:
    if isinstance(tensor.shape[0], int):
        raise ModelRefused(f"first axis of `{tensor.name}` must be free, for any number of rows")


def _check_metadata(found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    for key, value in wanted.items():
        if found.get(key) != value:
            seen = found.get(key, "nothing")
            raise ModelRefused(
                f"model metadata `{key}` must be `{value}`, found `{seen}`; run `bedside models seal FOLDER`"
            )
