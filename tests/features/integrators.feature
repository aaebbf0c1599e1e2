Feature: What the people who connect an EHR can rely on
  The service says what it lacks, takes reports that arrive twice, and grows by adding a folder.

  Scenario: The problem list was not sent
    Given the chart of Maria Lindqvist
    But the prefetch "conditions" is not sent
    When the chart is opened
    Then the call is refused with 412 naming "conditions"

  Scenario: Feedback that is sent twice counts once
    Given the chart of Maria Lindqvist
    When the chart is opened
    And the suggestion is accepted
    And the same report arrives again
    Then the ledger holds one report on the card

  Scenario: A hospital adds a model of its own
    Given a folder with a model named "diabetes-second-opinion"
    And the chart of Maria Lindqvist
    When the chart is opened
    Then discovery lists "diabetes-second-opinion" for "patient-view"
    And there are cards of 2 models
