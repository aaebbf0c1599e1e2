"""Verdicts on claims about groups: pass, fail or insufficient evidence, with their error rates kept."""

from fairness.verdicts.claims import Audit, Claim, GapClaim, LevelClaim, Outcome, SpreadClaim, Verdict
from fairness.verdicts.evidence import EProcess
from fairness.verdicts.intersections import ShrunkFigure, shrunken
from fairness.verdicts.judge import judge, overall
from fairness.verdicts.looks import Look, plan_looks
from fairness.verdicts.multiplicity import benjamini_hochberg, holm
from fairness.verdicts.needed import Needed, for_auroc, for_o_e, for_rate
from fairness.verdicts.shrinkage import Shrinkage, Shrunk, log_odds, shrink
from fairness.verdicts.spread import Spread, spread_of_pivots, spread_of_shares

__all__ = [
    "Audit",
    "Claim",
    "EProcess",
    "GapClaim",
    "LevelClaim",
    "Look",
    "Needed",
    "Outcome",
    "Shrinkage",
    "Shrunk",
    "ShrunkFigure",
    "Spread",
    "SpreadClaim",
    "Verdict",
    "benjamini_hochberg",
    "for_auroc",
    "for_o_e",
    "for_rate",
    "holm",
    "judge",
    "log_odds",
    "overall",
    "plan_looks",
    "shrink",
    "shrunken",
    "spread_of_pivots",
    "spread_of_shares",
]
