"""Audits of four real data sets: the headline table, and the reports in a folder.

Usage: python tests/benchmarks/audit_material.py FOLDER. Data sets that are not here are named and left out.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from material import SOURCES, Material, Missing

from cds_hooks.cli.audit import audit

SHOWN = ("auroc", "o_e", "net_benefit", "bias", "mae")


def main(folder: Path) -> None:
    """Audit and print."""
    with tempfile.TemporaryDirectory() as home:
        for name, make in SOURCES.items():
            try:
                found = make(Path(home))
            except Missing as error:
                print(f"\n{name}: left out; {error}")
                continue
            for material in found:
                headline(audited(material, folder / material.path.stem))


def audited(material: Material, out: Path) -> dict[str, Any]:
    """The report of one file."""
    title = f"Fairness audit of {material.path.stem}"
    done = CliRunner().invoke(audit, [*material.options(), "--out", str(out), "--title", title])
    if done.exit_code != 0:
        raise SystemExit(f"{material.path.stem}: {done.output}")
    report: dict[str, Any] = json.loads((out / "report.json").read_bytes())
    return report


def headline(report: dict[str, Any]) -> None:
    """One line per group: the leading figures with their intervals."""
    print(f"\n{report['title']}: {report['outcome']}, n {report['n']}, events {report['events']}")
    for row in report["groups"]:
        figures = [_figure(metric) for metric in row["metrics"] if metric["name"] in SHOWN]
        n, events = (_count(row[name]) for name in ("n", "events"))
        print(f"  {row['attribute'][:10]:10} {row['value'][:28]:28} {n:>6} {events:>6}  {'  '.join(figures)}")
    for row in report["verdicts"]:
        if row["outcome"] == "beyond chance":
            print(
                f"  beyond chance: {row['metric']} by {row['attribute']}, largest gap {row['estimate']:.3f}, "
                f"equal groups {row['expected_gap']:.3f} (95 % below {row['gap_95']:.3f})"
            )


def _count(count: int | None) -> str:
    return "-" if count is None else str(count)


def _figure(metric: dict[str, Any]) -> str:
    if metric["value"] is None:
        return f"{metric['name']} {metric['state']}"
    limits = "" if metric["low"] is None else f" ({metric['low']:.3f}-{metric['high']:.3f})"
    mark = "" if metric["state"] == "ok" else "?"
    return f"{metric['name']} {metric['value']:.3f}{limits}{mark}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
