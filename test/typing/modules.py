"""What the type checkers know of the package itself, once it is imported. Checked, never run."""

from typing import reveal_type

import gentrace

# Its public modules are there.
reveal_type(gentrace.schemas.unset)  # Unset
reveal_type(gentrace.exceptions.ApiException())  # ApiException
reveal_type(gentrace.runs.RunsApi(gentrace.ApiClient()))  # RunsApi
reveal_type(gentrace.aio.AsyncApiClient())  # AsyncApiClient
reveal_type(gentrace.local.serve())  # Server
