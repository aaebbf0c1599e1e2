"""The ONNX side of a model: opens guarded bytes and runs rows through them."""

from collections.abc import Mapping
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
_FEW = 16


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
        try:
            found = self._session.run(self._names, {INPUT: rows.astype(np.float32)})
        except Exception as error:
            # The runtime's own message can quote shapes and values of the row.
            raise PredictionError(f"the model failed to run: {type(error).__name__}") from None
        probability = found[0].astype(np.float64)
        interval = found[1].astype(np.float64) if len(found) > 1 else None
        _check(probability, (len(rows), self._width))
        if interval is not None:
            _check(interval, (len(rows), self._width, 2))
        return Scores(probability, interval)


def _check(figures: Floats, shape: tuple[int, ...]) -> None:
    if figures.shape != shape:
        raise PredictionError("the model gave an array of another shape than agreed")
    # NaN fails every comparison; for a row or two, plain floats are quicker than a reduction.
    if figures.size <= _FEW:
        sound = all(0.0 <= figure <= 1.0 for figure in figures.ravel().tolist())
    else:
        sound = bool(figures.min() >= 0.0 and figures.max() <= 1.0)
    if not sound:
        raise PredictionError("the model gave a figure that is not a probability")


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
