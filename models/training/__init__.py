"""Shared training code of the model catalogue; never imported by the serving process.

A model's ``training.py`` loads its data, declares its features and calls, in this order:

- :mod:`~models.training.design`: continuous, 0/1 and nominal features -> columns of an additive model;
- :mod:`~models.training.reference`: the joint distribution of the inputs (``reference.json``);
- :mod:`~models.training.ensemble`: ridge-penalised bootstrap refits, recalibrated, coherent outputs;
- :mod:`~models.training.crossval`: out-of-fold predictions with everything refit in each fold;
- :mod:`~models.training.evaluate`: ``evaluation.json``;
- :mod:`~models.training.graph`: ``model.onnx``;
- :mod:`models.sealing` and :mod:`models.golden_cases`: digests into ``model.yaml``, ``golden.json``.

It may import scikit-learn, pandas, scipy and onnx; only numpy and scikit-learn are needed to fit.
"""
