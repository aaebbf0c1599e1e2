"""The loader of the analytes' tables: what is shared, and errors that name file, analyte and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.code_systems import normal_code
from fhir_mapping.terminology.tables import read_tables

SPELLINGS = """
version: 1.0.0
date: 2026-11-24
source: test
spellings: {mg/dL: [mg%, "?"], mmol/L: [mM], g/L: ["?"]}
"""
SODIUM = "{label: sodium, loinc: {2951-2: serum}, unit: mmol/L, units: {}, range: [90, 200], source: test}"


def tables(folder: Path, *panels: str) -> Path:
    """A data folder with these panels, each a YAML map of analytes."""
    (folder / "spellings.yaml").write_text(SPELLINGS)
    (folder / "analytes").mkdir()
    for number, panel in enumerate(panels):
        (folder / "analytes" / f"panel-{number}.yaml").write_text(f"analytes: {panel}")
    return folder


def changed(old: str, new: str) -> str:
    """A panel with sodium, of which something is changed."""
    assert old in SODIUM
    return f"{{sodium: {SODIUM.replace(old, new)}}}"


def test_all_files_of_the_folder_are_read(tmp_path: Path) -> None:
    """A panel is a file, and the analytes of all of them are one table."""
    other = f"{{potassium: {SODIUM.replace('2951-2', '2823-3')}}}"
    assert set(read_tables(tables(tmp_path, f"{{sodium: {SODIUM}}}", other))) == {"sodium", "potassium"}


def test_shared_spellings_follow_the_units(tmp_path: Path) -> None:
    """An analyte without spellings takes those of the units that it accepts, and `also` comes on top."""
    panel = changed("units: {}", "units: {mg/dL: 2}, also: {mmol: mmol/L}")
    found = read_tables(tables(tmp_path, panel))["sodium"].spellings
    assert found == {"mM": "mmol/L", "mg%": "mg/dL", "?": "mg/dL", "mmol": "mmol/L"}


def test_own_spellings_replace_the_shared_ones(tmp_path: Path) -> None:
    """An analyte that lists its spellings has exactly these."""
    panel = changed("units: {}", "units: {}, spellings: {mmol: mmol/L}")
    assert read_tables(tables(tmp_path, panel))["sodium"].spellings == {"mmol": "mmol/L"}


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        (changed("unit: mmol/L, ", ""), "analytes/panel-0.yaml: analyte `sodium`: .*`unit`"),
        (
            changed("units: {}", "units: {}, unread: {2951-2: x}"),
            "analyte `sodium`: unread: 2951-2 is in `loinc`",
        ),
        (changed("label: sodium", "label: sodium, labl: x"), "analyte `sodium`: .*unknown field `labl`"),
        (changed("range: [90, 200]", "range: [90]"), r"analyte `sodium`: .*at `\$\.range`"),
        (changed("range: [90, 200]", "range: [200, 90]"), r"analyte `sodium`: range: must be \[low, high\]"),
        (changed("units: {}", "units: {g: x}"), "analyte `sodium`: unit 'g' needs a factor"),
        (changed("units: {}", "units: {}, also: {x: y}"), "spelling 'x' stands for 'y'"),
        (changed("units: {}", "units: {mg/dL: 2, g/L: 3}"), "spellings: '\\?' could be 'mg/dL' or 'g/L'"),
        (
            changed("units: {}", "units: {}, from_memory: [1-8]"),
            "from_memory: 1-8 is no code of this analyte",
        ),
        ("[]", "analytes/panel-0.yaml: .*at `\\$.analytes`"),
        ("{a: [", "analytes/panel-0.yaml: "),
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, panel: str, message: str) -> None:
    """The error names the file, the analyte and the field."""
    with pytest.raises(SpecError, match=message):
        read_tables(tables(tmp_path, panel))


def test_an_analyte_in_two_files_is_told(tmp_path: Path) -> None:
    """Which of the two would count is not left to the order of files."""
    panel = f"{{sodium: {SODIUM}}}"
    with pytest.raises(SpecError, match=r"panel-1\.yaml: analyte `sodium`: stands in two files"):
        read_tables(tables(tmp_path, panel, panel))


def test_a_code_of_two_analytes_is_told(tmp_path: Path) -> None:
    """No code means two quantities."""
    with pytest.raises(SpecError, match="analyte `natrium`: loinc: 2951-2 belongs to `sodium` already"):
        read_tables(tables(tmp_path, f"{{sodium: {SODIUM}, natrium: {SODIUM}}}"))


def test_whatever_is_sent_in_the_place_of_a_code_comes_back_as_it_is() -> None:
    """A text too long for a code is neither read as one nor remembered."""
    text = "e11" + "9" * 100
    assert normal_code("http://hl7.org/fhir/sid/icd-10-cm", text) == text
    assert normal_code("http://hl7.org/fhir/sid/icd-10-cm", "e119") == "E11.9"
