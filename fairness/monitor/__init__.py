"""What becomes of a model once it runs: outcomes as they mature, drift, silence, and looks that are counted.

Plain arrays and records in, plain records out; nothing here reads a database, a file or a clock.
"""
