"""What the type checkers know of settings. Checked, never run."""

# In its strict mode pyright adds to each mistake what follows from it.
# pyright: basic, reportUnnecessaryTypeIgnoreComment=true

import socket
import ssl
from pathlib import Path
from typing import reveal_type

import urllib3

import gentrace

configuration = gentrace.Configuration(disabled_client_side_validations="format")

# All that may be set, and what it reads as.
configuration.host = "https://gentrace.ai/api/v1"
configuration.access_token = "KEY"  # noqa: S105 - of nobody
configuration.access_token = None
configuration.server_index = 0
configuration.server_variables = {"region": "eu"}
configuration.server_variables = None
configuration.server_operation_index = {"pipeline_run_post": 0}
configuration.server_operation_variables = {"pipeline_run_post": {"region": "eu"}}
configuration.disabled_client_side_validations = "format,required"
configuration.disabled_client_side_validations = frozenset({"format"})
configuration.timeout = 20
configuration.timeout = 0.5
configuration.timeout = (5, 30)
configuration.timeout = (5, 30, 60.0)
configuration.retries = 3
configuration.retries = False
configuration.retries = urllib3.Retry(2)
configuration.retries = None
configuration.json_encoder = "json"
configuration.ssl_ca_cert = Path("ca.pem")
configuration.ssl_ca_cert = b"-----BEGIN CERTIFICATE-----"
configuration.cert_file = "cert.pem"
configuration.key_file = Path("key.pem")
configuration.assert_hostname = False
configuration.ssl_context = ssl.create_default_context()
configuration.ssl_context = None
configuration.proxy = ""
configuration.proxy_headers = {"Proxy-Authorization": "Basic a"}
configuration.socket_options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
configuration.temp_folder_path = Path()
configuration.logger_file = None
configuration.debug = True
del configuration.timeout

other = gentrace.Configuration()
reveal_type(other.host)  # str
reveal_type(other.access_token)  # str | None
reveal_type(other.server_variables)  # Mapping[str, str]
reveal_type(other.disabled_client_side_validations)  # frozenset[str]
reveal_type(other.ssl_ca_cert)  # str | None
reveal_type(other.max_response_body)  # int
reveal_type(other.debug)  # bool
reveal_type(other.ssl_context)  # SSLContext | None
reveal_type(other.retries)  # int | bool | Retry | None
reveal_type(other.copy())  # Configuration

client = gentrace.ApiClient(other)
client.default_headers["X-Team"] = "search"
client.default_headers = {"X-Team": "search"}
client.configuration = configuration
reveal_type(client.configuration)  # Configuration
reveal_type(client.cookie)  # str | None

# What is misspelt, of the wrong type, or not to be set.
other.timeot = 5  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
other.timeout = "x"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
other.debug = 1  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
other.ssl_context = "x"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
other.json_encoder = "x"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
other.host = None  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
other.access_token = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
other.logger = {}  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
client.configuration = "x"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
client.pool_threads = "1"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
