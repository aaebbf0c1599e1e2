"""Claims as text and policies as files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness.errors import SampleError
from fairness.report.claim_text import parse_claim
from fairness.report.policy import read_policy
from fairness.report.wording import claim_sentence
from fairness.verdicts import GapClaim, LevelClaim, SpreadClaim


@pytest.mark.parametrize(("text", "claim"), [
    ("auroc >= 0.7", LevelClaim(metric="auroc", at_least=0.7)),
    ("auroc>=.7 by sex", LevelClaim(metric="auroc", at_least=0.7, crossings=((), ("sex",)))),
    ("brier <= 0.2 by sex, race*sex",
     LevelClaim(metric="brier", at_most=0.2, crossings=((), ("sex",), ("race", "sex")))),
    ("o_e in 0.8..1.25", LevelClaim(metric="o_e", between=(0.8, 1.25))),
    ("ppv@0.2 >= 0.3", LevelClaim(metric="ppv", threshold=0.2, at_least=0.3)),
    ("auroc gap < 0.05 by race", GapClaim(metric="auroc", margin=0.05, attributes=("race",))),
    ("npv @ 1e-2 spread < 0.1 by sex*race",
     SpreadClaim(metric="npv", threshold=0.01, margin=0.1, attributes=("sex", "race"))),
])  # fmt: skip
def test_a_claim_is_read(text: str, claim: object) -> None:
    """Each form of a claim gives the claim it stands for."""
    assert parse_claim(text) == (claim,)


def test_a_gap_by_two_attributes_is_two_claims() -> None:
    """Each attribute is judged for itself."""
    assert [claim.attributes for claim in parse_claim("auroc gap < 0.1 by sex, race")] == [
        ("sex",),
        ("race",),
    ]


@pytest.mark.parametrize(("text", "named"), [
    ("auroc", "not understood"),
    ("auroc > 0.7", "not understood"),
    ("f1@0.2 >= 0.7", "'f1"),
    ("sharpness >= 0.7", "sharpness"),
    ("sensitivity >= 0.7", "threshold"),
    ("auroc@0.2 >= 0.7", "threshold"),
    ("auroc gap < 0.1", "not understood"),
    ("auroc gap < 0.1 by sex,,race", "empty"),
    ("auroc gap < 0 by sex", "margin"),
    ("o_e in 2..1", "lower and a higher"),
    ("auroc >= 1e999", "finite"),
    ("auroc >= 0 by sex", "say nothing"),
    ("ppv@0.2 in -1..1", "say nothing"),
    ("abstained_rate <= 1 by sex", "say nothing"),
    ("survival_auc >= 1.5", "say nothing"),
    ("auroc gap < 1 by sex", "no gap"),
    ("auroc spread < 0.1 by sex*sex", "twice"),
    ("auroc >= 0.7 by sex*sex", "twice"),
])  # fmt: skip
def test_what_is_no_claim_is_refused(text: str, named: str) -> None:
    """The error says what is wrong."""
    with pytest.raises(SampleError, match=named):
        parse_claim(text)


@given(
    st.one_of(st.text(max_size=60), st.from_regex(r"[a-z_]{1,8}(@[0-9.e-]{1,6})? (>=|<=|gap <|in) .{0,20}"))
)
def test_any_text_is_a_claim_or_a_sample_error(text: str) -> None:
    """No text makes another error."""
    try:
        claims = parse_claim(text)
    except SampleError:
        return
    assert all(claim_sentence(claim) for claim in claims)


def policy(folder: Path, text: str) -> Path:
    """A policy file."""
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_policy_holds_claims_in_both_forms(tmp_path: Path) -> None:
    """A text and a mapping stand for the same claim."""
    path = policy(tmp_path, """
claims:
  - auroc gap < 0.05 by race
  - {kind: gap, metric: auroc, margin: 0.05, attributes: [race]}
thresholds: [0.1]
min_n: 50
""")  # fmt: skip
    found = read_policy(path)
    first, second = found.all_claims()
    assert first == second
    assert (found.thresholds, found.min_n) == ((0.1,), 50)


@pytest.mark.parametrize(("text", "named"), [
    ("claims: [auroc]", "not understood"),
    ("claims: [{kind: level, metric: sharpness, at_least: 1}]", "sharpness"),
    ("claims: [{kind: level, metric: auroc}]", "exactly one"),
    ("claim: []", "claim"),
    ("claims: [{kind: gap, metric: auroc, margin: 0.1, attributes: [sex], extra: 1}]", "extra"),
    ("claims: [", "line"),
    ("- 1", "top level"),
    ("claims: [{kind: level, metric: auroc, at_least: .nan}]", "finite"),
    ("claims: [{kind: level, metric: o_e, between: [-.inf, .inf]}]", "finite"),
    ("claims: [{kind: gap, metric: o_e, margin: .inf, attributes: [sex]}]", "no gap"),
    ("claims: [{kind: level, metric: auroc, at_least: 0.7, crossings: []}]", "no group"),
    ("min_n: 0", "1 or more"),
    ("min_events: -1", "1 or more"),
])  # fmt: skip
def test_a_policy_that_is_none_is_refused(tmp_path: Path, text: str, named: str) -> None:
    """The error names the file and the field."""
    with pytest.raises(SampleError, match=rf"policy\.yaml.*{named}"):
        read_policy(policy(tmp_path, text))


def test_a_policy_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(SampleError, match=r"missing\.yaml"):
        read_policy(tmp_path / "missing.yaml")
