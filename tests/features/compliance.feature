Feature: What a compliance officer can check
  Figures for each group are open, doubts are on the card, and the patient stays out of the log.

  Scenario: The card warns when the model is off for a group of the patient
    Given the chart of Maria Lindqvist
    When the chart is opened
    Then the card says "Use with caution"
    And the card says "Estimate tends to be too high for White"

  Scenario: The card tells when a group was never studied
    Given the chart of Maria Lindqvist
    When the order is written
    Then the card says "race and ethnicity were not recorded in the data, fairness by them is unknown"

  Scenario: Of several races each is looked at
    Given the chart of Simone Archer-Reed
    When the chart is opened
    Then the card says "too low for Black or African American"
    And the card says "too high for White"

  Scenario Outline: The model's page tells purpose, limits and figures
    When somebody opens the page of "<model>"
    Then the page says "<limit>"
    And the page says "Ranking (AUROC)"
    And the page says "Observed to expected"

    Examples:
      | model                  | limit                                                          |
      | type2-diabetes-risk    | Men are ranked less well than women                            |
      | immunotherapy-response | A reason to withhold, delay, stop or refuse treatment          |

  Scenario: Nothing about the patient is in the log or the counters
    Given the chart of Maria Lindqvist
    When the chart is opened
    Then neither log nor counters name the patient

  Scenario: Every card can be traced
    Given the chart of Maria Lindqvist
    When the chart is opened
    Then the ledger holds the card with the model's version and digest
    And the ledger does not name the patient

  Scenario: An estimate is withheld where the audit shows the model off
    Given a hospital that withholds "type2-diabetes-risk" where observed and expected differ by race
    And the chart of Maria Lindqvist
    When the chart is opened
    Then the card says "estimate withheld for patients like this one"
    And the card says "too high for White"
    And the card has no score
    And the ledger tells that the estimate was withheld

  Scenario: What the monitor found is felt at the bedside
    Given the monitor has found "type2-diabetes-risk" off for White patients
    And the chart of Maria Lindqvist
    When the chart is opened
    Then the card says "estimate withheld for patients like this one"
    And the card says "By monitoring of this model for White"
    And the card has no score

  Scenario: A named owner lifts what the monitor decided
    Given the monitor has found "type2-diabetes-risk" off for White patients
    And "Dr Okafor" has lifted the decision
    And the chart of Maria Lindqvist
    When the chart is opened
    Then its headline counts people in 100

  Scenario: A version that fails its own audit is not served, and the others are
    Given a hospital whose "type2-diabetes-risk" must not be loaded when observed and expected differ by race
    Then discovery does not list "type2-diabetes-risk"
    And discovery lists "immunotherapy-response" for "order-select"
