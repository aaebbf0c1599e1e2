"""`bedside audit`: how well a prediction works for each group, from a file of scores and outcomes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from fairness.report.model import Report

__all__ = ["audit"]

_EPILOG = """\
\b
DIR gets report.json, report.csv, report.html, report.pdf and measure-report.json (HL7 FHIR).
They agree, and none of them holds a count that is withheld.

\b
Claims (repeat --claim, or list them under `claims:` in the policy file):
  auroc >= 0.7 by sex, race         every group, and everybody
  o_e in 0.8..1.25 by race          the same, between two limits
  sensitivity@0.1 gap < 0.1 by sex  each group against everybody else
  auroc spread < 0.1 by sex*race    the largest less the smallest group

\b
Example:
  bedside audit --predictions scores.parquet --score score --outcome event \\
    --group sex --group race --threshold 0.1 --claim "auroc >= 0.7 by sex" --out report/

\b
Other outcomes (claims on their figures are written the same way):
  --score risk --outcome died --time days --horizon 180       survival_auc, survival_o_e, concordance
  --score p_low --score p_mid --score p_high --outcome grade --classes low,mid,high
                                                              accuracy, auroc:low, o_e:low, ...
  ... --ordinal                                               within_one, level_bias, weighted_kappa
  --score dose --outcome stable --low low --high high         bias, mae, interval_coverage
Rows without a score count as silence: their share in each group is told, and nothing else of them;
claims on it: abstained_rate <= 0.1 by sex, unmatured_rate gap < 0.05 by race, no_card_rate ...

\b
A served model:
  bedside audit --ledger sqlite:///.bedside/ledger.db --model type2-diabetes-risk --out report/
  bedside audit --gate --model type2-diabetes-risk     its evaluation against its own policy

\b
Exit codes:
  0  done; with --gate: every claim passes and every group can be estimated
  1  with --gate: a claim fails, evidence is insufficient, or a group cannot be estimated;
     with --ledger: a claim fails
  3  with --gate --model: evidence is insufficient
  2  usage, or a file that cannot be audited (the message names file, column and remedy)
"""
# What an audit of a ledger heeds; the rest is in the model's manifest.
_OF_LEDGER = ("ledger", "model", "model_version", "groups_as", "gate", "earlier", "out")
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


def _classes(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


def _day(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else date.fromisoformat(text).isoformat()
    except ValueError:
        raise click.BadParameter("write it as 2024-05-31") from None


@click.command("audit", epilog=_EPILOG, short_help="How well a prediction works for each group.")
@click.option(
    "--predictions",
    metavar="FILE",
    type=_EXISTING,
    help="CSV or Parquet, one row for each person.",
)
@click.option(
    "--score",
    metavar="COL",
    multiple=True,
    help="Column of probabilities; empty where the model abstained. Repeat it, once for each class.",
)
@click.option(
    "--outcome",
    metavar="COL",
    help="Column of outcomes, 1 (true) for the event and 0 (false); empty where it is not known yet.",
)
@click.option(
    "--group",
    "groups",
    metavar="COL",
    multiple=True,
    help="Column of groups; several values of one person are separated by |, or a list. Empty, NA and NaN "
    "are not recorded; declined and unknown stay apart from that. Repeatable.",
)
@click.option("--patient", metavar="COL", help="Column that tells patients apart, to find repeated ones.")
@click.option("--shown", metavar="COL", help="Column that tells whether a card was shown, 1 or 0.")
@click.option("--time", metavar="COL", help="Survival: column of times to the event or to the last contact.")
@click.option(
    "--horizon",
    metavar="T",
    type=click.FloatRange(min=0, min_open=True),
    help="Survival: the score is the probability of the event up to this time, in the unit of --time.",
)
@click.option(
    "--classes",
    metavar="A,B,C",
    callback=_classes,
    help="Several classes, as the outcome names them, in the order of --score; else they are called as the "
    "columns are.",
)
@click.option(
    "--ordinal",
    is_flag=True,
    help="The classes are ordered; one --score may then hold the predicted class instead of probabilities.",
)
@click.option("--continuous", is_flag=True, help="Score and outcome are amounts in one unit, such as a dose.")
@click.option("--low", metavar="COL", help="Lower limit of the predicted interval of an amount.")
@click.option("--high", metavar="COL", help="Its upper limit; coverage is told for each group.")
@click.option(
    "--threshold",
    "thresholds",
    metavar="T",
    multiple=True,
    type=click.FloatRange(0, 1),
    help="A decision threshold that is used or planned. Repeatable.",
)
@click.option(
    "--claim", "claims", metavar="CLAIM", multiple=True, help="What must hold; see below. Repeatable."
)
@click.option("--policy", metavar="FILE", type=_EXISTING, help="YAML file of claims and thresholds.")
@click.option("--intersections", is_flag=True, help="Also every pair of group columns.")
@click.option(
    "--minimum-cell",
    metavar="N",
    type=click.IntRange(min=1),
    default=11,
    show_default=True,
    help="Counts from 1 to N - 1 are withheld, with whatever would give them away.",
)
@click.option(
    "--release",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What earlier reports on these people told; read, and written again. Keep it private.",
)
@click.option(
    "--earlier",
    metavar="FILE",
    multiple=True,
    type=_EXISTING,
    help="report.json of an earlier audit of the same people and model: it joins the trend, and no "
    "difference from it gives away a small count. Repeatable.",
)
@click.option("--created", metavar="DATE", callback=_day, help="Date on the report; by default it has none.")
@click.option("--title", metavar="TEXT", help="Title of the report.")
@click.option("--model", metavar="NAME", help="The model, as the report names it.")
@click.option("--model-version", metavar="TEXT", help="Its version.")
@click.option("--gate", is_flag=True, help="Exit with 1 unless every claim passes.")
@click.option(
    "--ledger", metavar="URL", help="Audit a served model (--model) in this ledger instead of a file."
)
@click.option(
    "--groups-as",
    type=click.Choice(["then", "now"]),
    default="then",
    show_default=True,
    help="With --ledger: people's groups as known at the prediction, or as known now.",
)
@click.option(
    "--out", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report; it is made.",
)  # fmt: skip
@click.pass_context
def audit(ctx: click.Context, /, **options: Any) -> None:
    """Audit the predictions of any model by group, without the service.

    Discrimination, calibration, net benefit and the distribution of risk come first; rates only at the
    thresholds that are declared. Claims are judged pass, fail or insufficient evidence. Without a claim,
    gaps are set against what chance makes of equal groups.
    """
    from cds_hooks.cli.audit_request import Request, built, earlier_reports
    from fairness.audit.files import write_release, write_views
    from fairness.errors import FairnessError

    served = _served(ctx, options)
    if served is not None:
        ctx.exit(served)
    asked = Request(**{name: options[name] for name in Request._fields})
    earlier = earlier_reports(asked.earlier)
    try:
        found = built(asked, earlier)
    except FairnessError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        name = Path(error.filename or asked.predictions).name
        raise click.UsageError(f"{name}: cannot be read ({type(error).__name__})") from None
    try:
        if asked.release is not None:
            write_release(asked.release, found.release)
    except OSError as error:
        raise click.UsageError(f"{asked.release}: cannot be written ({type(error).__name__})") from None
    try:
        left_out = write_views(found.report, asked.out, earlier)
    except OSError as error:
        raise click.UsageError(f"{asked.out}: cannot be written ({type(error).__name__})") from None
    for name, why in left_out.items():
        if why is not None:
            click.echo(f"{name}: {why}", err=True)
    _tell(found.report, asked.out)
    ctx.exit(1 if asked.gate and found.report.outcome != "pass" else 0)


def _served(ctx: click.Context, options: dict[str, Any]) -> int | None:
    """Exit code of an audit of a served model; None when the audit is one of a file."""
    from cds_hooks.cli.audit_ledger import examine_model, of_ledger
    from cds_hooks.cli.audit_request import earlier_reports, require_same

    if options["ledger"] is not None:
        _refuse_others(ctx, "--ledger", _OF_LEDGER)
        if options["model"] is None or options["out"] is None:
            raise click.UsageError("--ledger needs --model ID and --out DIR")
        earlier = earlier_reports(options["earlier"])
        require_same(options["model"], "binary", earlier)
        return of_ledger(
            options["ledger"],
            options["model"],
            options["model_version"],
            options["groups_as"],
            options["out"],
            gate=options["gate"],
            earlier=earlier,
        )
    if options["predictions"] is None and options["gate"] and options["model"] is not None:
        _refuse_others(ctx, "--gate --model without --predictions", ("gate", "model"))
        return examine_model(options["model"])
    if ctx.get_parameter_source("groups_as") is not ParameterSource.DEFAULT:
        raise click.UsageError("--groups-as needs --ledger; a file has one set of groups")
    needed = ("predictions", "score", "outcome", "groups", "out")
    lacking = [
        f"--{name.removesuffix('s') if name == 'groups' else name}" for name in needed if not options[name]
    ]
    if lacking:
        raise click.UsageError(
            f"missing {', '.join(lacking)}; or audit a served model with --ledger URL --model ID --out DIR"
        )
    return None


def _refuse_others(ctx: click.Context, what: str, own: tuple[str, ...]) -> None:
    """Raise `click.UsageError` for an option that would be read and not heeded."""
    for param in ctx.command.params:
        name = param.name or ""
        if name not in own and ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(
                f"{param.opts[0]} has no part in {what}, which takes claims and groups from the model's "
                "manifest; leave it out"
            )


def _tell(report: Report, out: Path) -> None:
    """The outcome and what stands in its way; nothing that the report withholds."""
    click.echo(f"{report.outcome}: {len(report.groups)} groups, {len(report.verdicts)} verdicts, in {out}")
    for row in report.verdicts:
        if row.kind != "screen" and row.outcome != "pass":
            click.echo(f"  {row.outcome}: {row.claim} ({row.attribute}: {row.value})")
    open_gaps = [row for row in report.verdicts if row.kind == "screen" and row.outcome != "beyond chance"]
    if open_gaps:
        click.echo(
            f"  nothing was claimed; {len(open_gaps)} of the largest gaps are not shown to be beyond chance"
        )
    if report.unestimable:
        click.echo(f"  cannot be estimated: {', '.join(report.unestimable)}")
