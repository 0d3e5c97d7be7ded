"""Names that pickles of version 2.0.0 refer to; they live in `gentrace.configuration.secrets`."""

from gentrace.configuration.secrets import Secret, SecretBytes

__all__ = ["Secret", "SecretBytes"]
