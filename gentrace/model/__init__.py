"""The models of the API, one module each; `gentrace.models` has them all."""
