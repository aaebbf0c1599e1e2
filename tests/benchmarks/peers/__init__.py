"""`make bench-peers`: Bedside beside another project, on the same requests, the same model, one worker each.

The peer is HealthChain 0.15.0 (Apache-2.0), the last release with a feature mapper. It is installed from its
own hash-pinned lock into an environment of its own, and nothing of Bedside imports it. What is published of
it here are requests per second and latencies of one structure: that of its own sepsis example.
"""
