"""Import path of pickles of version 2.0.0; the classes are in `gentrace.configuration.secrets`."""

from gentrace.configuration.secrets import Secret, SecretBytes

__all__ = ["Secret", "SecretBytes"]
