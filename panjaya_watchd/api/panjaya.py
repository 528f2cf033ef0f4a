"""
The dubbing service over HTTP: the five things the daemon does with it.

The only importer of httpx. One request a call, nothing repeated and no redirect followed on the service's own paths;
what went wrong comes back as a `Fault`. The key goes to the service's origin and nowhere else: results are fetched by
a client of their own that does not know it. Proxies are taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``), as
is ``SSL_CERT_FILE``; a loopback service is never asked through a proxy.
"""

import ipaddress
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote
from urllib.request import getproxies, proxy_bypass

import h11
import httpx

from panjaya_watchd import __version__
from panjaya_watchd.api import answers, faults, pages
from panjaya_watchd.api.base import Body, Download, Submission, Withdrawn
from panjaya_watchd.api.faults import Kind
from panjaya_watchd.api.fetch import fetch
from panjaya_watchd.api.wire import ASSETS_PATH, UPLOAD_PATH, FilePart, Frame, multipart, request_fields
from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.names import AssetId, VersionId
from panjaya_watchd.errors import SettingsError
