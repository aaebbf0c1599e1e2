"""Model packages and what runs them: manifest, registry, ONNX runtime, explanation, applicability."""

import os

# ONNX Runtime 1.29 and later report their use to their maker over the network, from a thread that does not
# survive a fork either. The variable counts only when it is set before the first import of onnxruntime.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
