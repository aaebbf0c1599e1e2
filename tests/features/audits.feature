Feature: What a compliance officer can audit
  From one file of predictions, of any kind of outcome, to a report that a committee can rely on.

  Scenario: Survival is audited at a point in time
    Given predictions of death within 180 days, with people lost to follow-up
    When they are audited by sex, with the claim "survival_auc >= 0.6 by sex"
    Then the audit says "pass"
    And the report tells "survival_auc" and "survival_o_e" for "female" and "male"

  Scenario: One of several classes
    Given predictions of the grade "low", "middle" or "high"
    When they are audited by sex, with the claim "auroc:high >= 0.6 by sex"
    Then the audit says "pass"
    And the report tells "auroc:high" and "o_e:low" for "female" and "male"

  Scenario: Ordered classes
    Given predictions of the grade "low", "middle" or "high", in that order
    When they are audited by sex, with the claim "within_one >= 0.99 by sex"
    Then the audit says "fail"
    And the report tells "within_one" and "weighted_kappa" for "female" and "male"

  Scenario: A dose with its predicted interval
    Given predictions of a dose with an interval
    When they are audited by sex, with the claim "interval_coverage >= 0.9 by sex"
    Then the audit says "pass"
    And the report tells "bias" and "interval_coverage" for "female" and "male"

  Scenario: Who got no answer
    Given predictions of death within 180 days, with people lost to follow-up
    But a third of the women have no score
    When they are audited by sex
    Then the report tells that 33 of 100 women and 0 of 100 men got no score
    And the page has a section "Who got no answer"

  Scenario Outline: No audit passes with a group that it cannot estimate
    Given predictions of <outcome>
    But 5 people are the only ones of their group
    When they are audited by sex, with the claim "<claim>"
    Then the audit says "insufficient evidence"
    And nothing is told of the 5 people

    Examples:
      | outcome                                              | claim                      |
      | death within 180 days, with people lost to follow-up | survival_auc >= 0.6        |
      | the grade "low", "middle" or "high"                  | accuracy >= 0.3            |
      | the grade "low", "middle" or "high", in that order   | within_one >= 0.3          |
      | a dose with an interval                              | interval_coverage >= 0.8   |

  Scenario: A column that cannot be audited is named, with what to do
    Given predictions of a dose with an interval
    But the dose of one person is the word "high"
    When they are audited by sex
    Then the audit is refused
    And the answer says "column 'dose': 1 row with text that is no number; write numbers"

  Scenario: A second report on nearly the same people gives nobody away
    Given predictions of a dose with an interval
    And a report on them from last month
    But two women have been added since
    When they are audited by sex
    Then how many women there are is withheld
    And the page has a section "Trend over time"
