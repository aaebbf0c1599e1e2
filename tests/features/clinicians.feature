Feature: What a clinician sees when a chart is opened or an order is written
  A card speaks of people in a hundred, shows what it rests on, and stays away when it has nothing to add.

  Scenario: A high risk of undiagnosed diabetes comes with numbers, reasons and a way to act
    Given the chart of Maria Lindqvist
    When the chart is opened
    Then there is one card
    And its headline counts people in 100
    And the card says "typical for this age and sex"
    And the card says "| Body mass index | 35 kg/m² |"
    And the card says "This is not a diagnosis"
    And it suggests "Order an HbA1c test"

  Scenario: Known diabetes needs no estimate
    Given the chart of Rosa Delgado Mendez
    When the chart is opened
    Then there is no card
    And the ledger gives the reason "known-diabetes"

  Scenario: A recent HbA1c says more than any estimate
    Given the chart of Daniel Okafor
    When the chart is opened
    Then there is no card
    And the ledger gives the reason "recent-hba1c"

  Scenario: A recent HbA1c that cannot be read is still a recent HbA1c
    Given the chart of Daniel Okafor
    But the result of 5.1 came in the unit "per cent or so"
    When the chart is opened
    Then there is no card
    And the ledger gives the reason "hba1c-unreadable"

  Scenario Outline: A recent HbA1c in words is still a recent HbA1c
    Given the chart of Maria Lindqvist
    But the laboratory reported a recent "<words>" without a standard code
    When the chart is opened
    Then there is no card
    And the ledger gives the reason "hba1c-unreadable"

    Examples:
      | words                |
      | HbA1c                |
      | Hemoglobin A1C, POC  |
      | Glycated haemoglobin |

  Scenario Outline: Another result in words does not pass for an HbA1c
    Given the chart of Maria Lindqvist
    But the laboratory reported a recent "<words>" without a standard code
    When the chart is opened
    Then there is one card

    Examples:
      | words             |
      | Hemoglobin        |
      | HbA2              |
      | Apolipoprotein A1 |

  Scenario: In pregnancy the card explains why there is no estimate
    Given the chart of Lena Forsberg
    When the chart is opened
    Then there is one card
    And the card says "not a reliable test in pregnancy"
    And the card has no score

  Scenario: A pregnancy that is over is no reason for silence, though nobody closed the entry
    Given the chart of Lena Forsberg
    But her pregnancy ended 40 days ago
    When the chart is opened
    Then the finding "pregnant" is 0

  Scenario: A pregnancy whose end is still ahead goes on
    Given the chart of Lena Forsberg
    But her pregnancy ends in 40 days
    When the chart is opened
    Then there is one card
    And the card says "not a reliable test in pregnancy"

  Scenario: A checkpoint inhibitor is being ordered
    Given the chart of Maria Lindqvist
    When the order is written
    Then there is one card
    And its headline counts people in 100
    And the card says "PD-L1 tumour proportion score"
    And the card says "no reason to withhold, delay or stop treatment"
    And it suggests nothing

  Scenario Outline: A checkpoint inhibitor in words is one that the patient has had
    Given the chart of Maria Lindqvist
    But her medication list says "<words>"
    When the order is written
    Then there is no card
    And the ledger gives the reason "checkpoint-inhibitor-before-unclear"
    And the ledger names the entry of the medication list

    Examples:
      | words                                 |
      | Keytruda                              |
      | Nivolumab 240 mg                      |
      | Ipi/Nivo x 4 cycles, last year        |
      | OPDUALAG                              |
      | anti-PD-1 antibody, trial at Elsewhere |

  Scenario Outline: Words that name another drug, or none, do not silence the estimate
    Given the chart of Maria Lindqvist
    But her medication list says "<words>"
    When the order is written
    Then there is one card
    And its headline counts people in 100

    Examples:
      | words                 |
      | Aspirin 81 mg         |
      | Paclitaxel weekly x 12 |
      | Study drug, arm B     |

  Scenario: A tumour that the model was not made for
    Given the chart of Victor Petrenko
    When the order is written
    Then there is one card
    And the card says "none of them is coded on this patient's problem list"
    And the card has no score

  Scenario: Biomarkers that were never tested are named
    Given the chart of Eduardo Villareal
    When the order is written
    Then there is one card
    And the card says "Not known: Tumour mutational burden (not recorded), PD-L1 tumour proportion score (not recorded)"

  Scenario: Results entered in error and refuted conditions do not count
    Given the chart of Grace Muthoni
    But the result of 5.5 was never there
    When the chart is opened
    Then the finding "known_diabetes" is 0
    And the finding "recent_hba1c" is missing because of "status-not-accepted"

  Scenario: A unit that nobody can read is not guessed
    Given the chart of Noor Haddad
    When the chart is opened
    Then there is no card
    And the finding "total_cholesterol" is missing because of "unit-missing"
    And the finding "weight" is missing because of "unit-not-accepted"
