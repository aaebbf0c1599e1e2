"""A model's evaluation.json as structs: the figures that the gate, the pages and the model card read."""

from typing import Literal

import msgspec

from fairness.cells import ALL, OVERALL, Cell
from fairness.metric import Metric
from models.errors import EvaluationError


class _Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base: immutable, and a field it does not know is refused."""


class Dataset(_Block, frozen=True):
    """One data set. `defects` are its known faults, in plain sentences."""

    name: str
    role: Literal["cross-validation", "internal-test", "external"]
    n: int
    description: str
    source: str
    defects: tuple[str, ...] = ()


class MissingInputs(_Block, frozen=True):
    """Figures of one output without the inputs named in `missing`."""

    dataset: str
    output: str
    missing: tuple[str, ...]
    n: int
    events: int
    metrics: tuple[Metric, ...]


class Comparator(_Block, frozen=True):
    """Figures of another method on the same people."""

    dataset: str
    output: str
    name: str
    source: str
    n: int
    events: int
    metrics: tuple[Metric, ...]


class Evaluation(_Block, frozen=True):
    """One evaluation.json. `code` is the program that wrote it, `seed` its random seed."""

    model: str
    version: str
    seed: int
    code: str
    datasets: tuple[Dataset, ...]
    results: tuple[Cell, ...]
    missing_inputs: tuple[MissingInputs, ...] = ()
    comparators: tuple[Comparator, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, content: bytes) -> "Evaluation":
        """Evaluation of a file's bytes; raises EvaluationError naming the field."""
        try:
            return msgspec.json.decode(content, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            remedy = "write it with models.training.evaluate"
            raise EvaluationError(f"evaluation.json: {error}; {remedy}") from None

    def find(self, dataset: str, output: str, attribute: str = OVERALL, value: str = ALL) -> Cell | None:
        """The cell of one group, None when the evaluation has none."""
        for cell in self.cells(dataset, output):
            if (cell.attribute, cell.value) == (attribute, value):
                return cell
        return None

    def cells(self, dataset: str, output: str) -> tuple[Cell, ...]:
        """All cells of one output in one data set, in the order of the file."""
        return tuple(cell for cell in self.results if (cell.dataset, cell.output) == (dataset, output))

    def dataset(self, name: str) -> Dataset | None:
        """The data set of that name, None when the evaluation has none."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)
