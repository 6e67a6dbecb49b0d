"""`python -m frontend.webhooks`: a new secret for WEBHOOK_SECRET; with a NAME, the secrets of that API key.

    .venv/bin/python -m frontend.webhooks           whsec_…, to be put into WEBHOOK_SECRET
    .venv/bin/python -m frontend.webhooks shop      what the holder of the key `shop` verifies with

The latter are made of WEBHOOK_SECRET, one for each secret in it. 2 if that is not set or cannot be used.
"""

import argparse
import base64
import os
import secrets
import sys
from collections.abc import Mapping, Sequence

from frontend.webhooks.secrets import PREFIX, secrets_of, webhook_secrets

NEW_BYTES = 32


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Print what is asked for, alone on standard output."""
    parser = argparse.ArgumentParser(prog="python -m frontend.webhooks", description="Secrets of webhooks.")
    parser.add_argument("name", nargs="?", help="of an API key, whose secrets are asked for")
    name = parser.parse_args(arguments).name
    if name is None:
        sys.stdout.write(f"{PREFIX}{base64.b64encode(secrets.token_bytes(NEW_BYTES)).decode()}\n")
        return 0
    try:
        own = secrets_of(name, webhook_secrets(environ.get("WEBHOOK_SECRET", "")))
    except ValueError as error:
        sys.stderr.write(f"WEBHOOK_SECRET has value ***: {error}\n")
        return 2
    if not own:
        sys.stderr.write("WEBHOOK_SECRET is not set.\n")
        return 2
    sys.stdout.writelines(f"{secret}\n" for secret in own)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
