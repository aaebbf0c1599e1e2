"""The whole text of two cards, as a clinician reads it."""

from card_examples import (
    BASE,
    CARD_UUID,
    CAUTION,
    SERVE,
    diabetes_prediction,
    example,
    response_prediction,
)

from cds_hooks.cards import Links, card

# Fixed here, so that a change of the catalogue's wording is no change of this test.
DIABETES = {
    "headline": "About {diabetes.of100} in 100 have undiagnosed diabetes (typical: {diabetes.typical100})",
    "lead": None,
}
DIABETES_DETAIL = """\
- Undiagnosed diabetes (HbA1c 6.5 % or more), now: **about 9 in 100** people like this; the data allow 6 \
to 13. Typical for the same age and sex: 4 in 100. Threshold: 4 in 100.
- Dysglycaemia (HbA1c 5.7 % or more), now: **about 52 in 100** people like this; the data allow 46 to \
58. Typical for the same age and sex: 37 in 100. Threshold: 40 in 100.

| Finding | Value | Date | Effect |
| --- | --- | --- | --- |
| Waist circumference | 118 cm (recorded as 46.5 in) | 2026-09-02 | raises |
| Systolic blood pressure | 148 mmHg | 2026-10-11 | lowers |
| Ever smoked | yes (former smoker) | 2019-05 | raises |

- Not known: Total cholesterol (recorded too long ago), HDL cholesterol (not recorded), Physically \
active in leisure time (not recorded). Averaged over similar people; the range includes this.

**Use with caution:** Told too low for Asian people in the evaluation data.

Informs whether to offer a blood test; it never stands for the test. Not for: diagnosis of diabetes or \
prediabetes, or a reason to start treatment; only a laboratory test can say. *Research model, not for \
clinical decisions on its own.* Undiagnosed diabetes and dysglycaemia 1.0.0."""

RESPONSE = {
    "headline": "About {response.of100} in 100 respond",
    "lead": "About {response.of100} of 100 such patients respond ({response.low100} to {response.high100}).",
}
RESPONSE_DETAIL = """\
About 41 of 100 such patients respond (33 to 50).

- Complete or partial response: 28 in 100 would be typical for the same type of cancer.

| Finding | Value | Date | Effect |
| --- | --- | --- | --- |
| Tumour mutational burden | 14.6 per Mb | 2026-09-02 | raises |
| Earlier systemic cancer treatment | none recorded |  | raises |
| Serum albumin | 3.8 g/dL (recorded as 38 g/L) | 2026-09-02 | raises |

- Not known: PD-L1 tumour proportion score (not recorded), Neutrophil to lymphocyte ratio (neutrophil \
count recorded too long ago; lymphocyte count recorded without a unit). Averaged over similar people; \
the range includes this.

Checked in 2,237 women: as many cases as expected.

Information for shared decision making; one voice among several, never the deciding one. Not for: a \
reason to withhold, delay, stop or refuse treatment, at any score; no score is low enough for that. \
*Research model, not for clinical decisions on its own.* Response to an immune checkpoint inhibitor \
1.0.0."""


def test_the_diabetes_card_reads_as_agreed() -> None:
    """Risk, range, findings, gaps, caution and purpose stand in this order and in these words."""
    model = example("type2-diabetes-risk", **DIABETES)
    shown = card(model, diabetes_prediction(model), CAUTION, Links(BASE), CARD_UUID)
    assert shown["summary"] == "About 9 in 100 have undiagnosed diabetes (typical: 4)"
    assert shown["detail"] == DIABETES_DETAIL


def test_the_response_card_reads_as_agreed() -> None:
    """A lead that tells the interval is not told twice, and a ratio says which count is missing."""
    model = example("immunotherapy-response", **RESPONSE)
    shown = card(model, response_prediction(model), SERVE, Links(BASE), CARD_UUID)
    assert shown["summary"] == "About 41 in 100 respond"
    assert shown["detail"] == RESPONSE_DETAIL
