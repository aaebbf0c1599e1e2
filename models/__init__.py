"""Model packages and what runs them: manifest, registry, ONNX runtime, explanation, uncertainty,
applicability."""
