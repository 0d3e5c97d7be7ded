"""What is said of a name that is no setting."""

from __future__ import annotations

from gentrace.configuration.refusals import suggest
from gentrace.configuration.settings import SETTINGS
from gentrace.exceptions import ApiAttributeError

_ELSEWHERE = {
    "access_token": "api_key key token api_token auth_token bearer_token bearer secret api_secret",
    "host": "base_url url endpoint api_url api_base base_path server api_host host_url",
    "retries": "max_retries max_attempts retry",
    "timeout": "request_timeout timeout_seconds",
    "verify_ssl": "verify verify_tls insecure",
    "ssl_ca_cert": "ca_certs ca_cert ca_file ca_bundle cafile",
    "cert_file": "cert client_cert",
    "ssl_context": "tls_context context ssl",
    "proxy": "proxies proxy_url http_proxy https_proxy",
    "connection_pool_maxsize": "pool_maxsize max_connections pool_size",
    "temp_folder_path": "temp_folder temp_dir",
}
"""Names that other clients have for a setting."""

_RIGHT_NAMES = {
    other.replace("_", ""): name for name, others in _ELSEWHERE.items() for other in others.split()
}


def no_such_setting(name: str) -> ApiAttributeError:
    """Build the error of a name that is no setting: it says which one may be meant."""
    if name == "logger":
        text = "Configuration.logger cannot be set: change the loggers that it returns"
        return ApiAttributeError(text)
    right = _RIGHT_NAMES.get(name.lower().replace("_", "").replace("-", ""))
    hint = f": did you mean {right!r}?" if right else suggest(name, [*SETTINGS, "logger"])
    return ApiAttributeError(f"Configuration has no {name!r}{hint}")
