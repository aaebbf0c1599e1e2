"""Mitigation of group differences in training: tried, measured, and served only where it can be told.

A model's ``training.py`` offers these as options; without an option nothing here runs.

- :mod:`~.strata`: who is treated as which group, and which groups are too thin for anything of their own;
- :mod:`~.reweighing`, :mod:`~.recalibration`, :mod:`~.reductions`, :mod:`~.postprocessing`: the methods;
- :mod:`~.crossfit`: answers of the unmitigated recipe and of every method for people not trained on;
- :mod:`~.change`: what a method changes for each group, with paired bootstrap intervals;
- :mod:`~.levelling`: whether a gap shrank only because somebody lost;
- :mod:`~.report`: the comparison as a document and as a printed table;
- :mod:`~.options`: the command line; :mod:`~.candidate`: a reweighed model in a folder of its own.

Needs scikit-learn, and fairlearn for reductions and post-processing. Never imported by the serving process.
"""
